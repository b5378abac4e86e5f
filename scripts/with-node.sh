#!/bin/sh
# Runs a TypeScript file with the Node that Towpath pins: scripts/with-node.sh FILE [ARGUMENT...]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
node=$root/node_modules/.bin/node
if [ ! -x "$node" ]; then
  echo "with-node: $node is missing; run: bash scripts/setup.sh all" >&2
  exit 1
fi
PATH=$root/node_modules/.bin:$root/.tools/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
exec "$node" --disable-warning=ExperimentalWarning --no-concurrent-recompilation "$@"
