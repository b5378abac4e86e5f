#!/usr/bin/env bash
# Makes this Debian 12 machine one of the three of the Vagrant lab. Safe to repeat. Needs root.
# Nothing here is special to Vagrant: it is what you would do on three hosts of your own.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: provision.sh ROLE ADDRESS CONTROL

  ROLE      control (nats-server and towpath control), shop (agent, calls the others),
            orders (agent, two nginx as orders v1 and v2, redis)
  ADDRESS   this machine's address in the lab's network
  CONTROL   the address of the machine with the role control

Environment:
  TOWPATH_ROOT   where the checkout lies (default: the folder above this script)
TEXT
}

[ $# -eq 3 ] || { usage >&2; exit 2; }
ROLE=$1 ADDRESS=$2 CONTROL=$3
case $ROLE in control | shop | orders) ;; *) usage >&2; exit 2 ;; esac
[ "$(id -u)" -eq 0 ] || { echo 'provision: this needs root' >&2; exit 1; }
ROOT=${TOWPATH_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
FILES=$ROOT/vagrant/files

say() { printf 'provision: %s\n' "$*"; }

# Debian 12 brings Node 18; Towpath's set-up wants 20 to begin with. The npm package `node` carries the program itself.
ensure_node() {
  if command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
    return
  fi
  say 'installing Node'
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nodejs npm
  npm install --prefix /opt/node --no-save --loglevel=error node@22
  ln -sf /opt/node/node_modules/node/bin/node /usr/local/bin/node
  hash -r
}

# Starts a unit and at every boot; where systemd does not run (a container, a namespace) says what is to be started by hand.
start_unit() {
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable "$1"
    systemctl restart "$1"
    say "$1 runs"
  else
    say "no systemd here: start $1 by hand"
  fi
}

install_units() {
  mkdir -p /etc/systemd/system /etc/towpath
  install -m 644 "$ROOT"/systemd/towpath-*.service "$@" /etc/systemd/system/
  ln -sfn "$ROOT/bin/towpath" /usr/local/bin/towpath
}

# Fills in the addresses of a template.
fill() { sed -e "s|@ADDRESS@|$ADDRESS|g" -e "s|@CONTROL@|$CONTROL|g" "$1"; }

provision_control() {
  fill "$FILES/nats-server.conf" >/etc/nats-server.conf
  install -d -o nats -g nats /var/lib/nats-server
  install_units
  start_unit nats-server
  start_unit towpath-control
}

provision_shop() {
  install_units
  fill "$FILES/agent-shop.yaml" >/etc/towpath/agent.yaml
  start_unit towpath-agent
}

provision_orders() {
  install_units "$FILES/orders@.service"
  mkdir -p /etc/orders /etc/redis
  install -m 644 "$FILES"/orders-v1.conf "$FILES"/orders-v2.conf /etc/orders/
  printf 'bind * -::*\nprotected-mode no\nsave ""\ndir /var/lib/redis\n' >/etc/redis/redis.conf
  fill "$FILES/agent-orders.yaml" >/etc/towpath/agent.yaml
  start_unit orders@v1
  start_unit orders@v2
  start_unit redis-server
  start_unit towpath-agent
}

ensure_node
say "$ROLE: installing what it needs"
case $ROLE in shop) purpose=agent ;; *) purpose=demo ;; esac
bash "$ROOT/scripts/setup.sh" "$purpose"
"provision_$ROLE"
say "$ROLE is ready"
