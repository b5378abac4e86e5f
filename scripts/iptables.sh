#!/bin/sh
# The interception rules without Node: the rescue tool, and the same rules, chain for chain, as `towpath intercept`.
set -eu

usage() {
  cat <<'TEXT'
Usage: iptables.sh remove | check | show | apply

  remove   take every chain, rule, set and route of Towpath away; needs no settings (use this to rescue a host)
  check    status 0 when the rules of these settings are in force, 1 when absent or changed; prints the difference
  show     print the rules as input for iptables-restore and ip6tables-restore; needs no root
  apply    put them in force; with TOWPATH_FAILURE=open they act only while an agent refreshes its lease

Settings are environment variables; lists are separated by commas or spaces, ports may be ranges (8000-8999):
  TOWPATH_OUTBOUND_PORT=15001  TOWPATH_INBOUND_PORT=15006  TOWPATH_GID=15001
  TOWPATH_DNS=yes              no: leave DNS queries alone
  TOWPATH_DNS_PORT=15053
  TOWPATH_FAILURE=open         open: agent gone, programs talk directly; closed: they are refused
  TOWPATH_IPV6=yes             no: IPv4 only
  TOWPATH_VIRTUAL_IPS=240.240.0.0/16,fd00:240::/32
  TOWPATH_CAPTURE_SSH=no       yes: do not leave port 22 and your SSH session's port alone
  TOWPATH_OUTBOUND_{INCLUDE,EXCLUDE}_{PORTS,CIDRS,UIDS,GIDS}
  TOWPATH_OUTBOUND_PROGRAMS    PORT:uid:ID or PORT:gid:ID: these programs go to a listener of their own
  TOWPATH_INBOUND_{INCLUDE,EXCLUDE}_{PORTS,CIDRS,INTERFACES}
  (TOWPATH_..._INCLUDE_PORTS: unset or * = all, none = none)

Examples:
  sudo sh iptables.sh remove
  sudo TOWPATH_FAILURE=closed TOWPATH_INBOUND_EXCLUDE_PORTS=9100 sh iptables.sh apply
TEXT
}

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C

MARK=0x70a7
OWN_PORTS='15000 15010 15020 15053 15080'
ROUTE_PROTOCOL=167
LEASE_SECONDS=5
MADE_TABLE=TOWPATH_MADE_TABLE
OPENING='-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN'

OUTBOUND_PORT=${TOWPATH_OUTBOUND_PORT:-15001}
INBOUND_PORT=${TOWPATH_INBOUND_PORT:-15006}
DNS=${TOWPATH_DNS:-yes}
DNS_PORT=${TOWPATH_DNS_PORT:-15053}
GROUP=${TOWPATH_GID:-15001}
FAILURE=${TOWPATH_FAILURE:-open}
VIRTUAL_IPS=${TOWPATH_VIRTUAL_IPS:-240.240.0.0/16 fd00:240::/32}

fail() {
  printf 'iptables.sh: %s\n' "$*" >&2
  exit 1
}

# ---- settings -------------------------------------------------------------------------------------------------------------

words() { printf '%s\n' "$1" | tr ',' ' ' | tr -s ' ' '\n' | sed '/^$/d'; }

# A value that ends up in a rule may hold nothing that could begin another rule or option.
check_words() { # name, pattern, value
  words "$3" | grep -Evq "^($2)\$" || return 0
  fail "$1: \"$(words "$3" | grep -Ev "^($2)\$" | head -n 1)\" is not understood"
}

check_settings() {
  case $FAILURE in open | closed) ;; *) fail "TOWPATH_FAILURE: must be open or closed, not $FAILURE" ;; esac
  case $DNS in yes | no) ;; *) fail "TOWPATH_DNS: must be yes or no, not $DNS" ;; esac
  number='[0-9]{1,10}'
  ports='[0-9]{1,5}([-:][0-9]{1,5})?|\*|none'
  cidr='[0-9a-fA-F.:]+(/[0-9]{1,3})?'
  interface='[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,14}\+?'
  check_words TOWPATH_OUTBOUND_PORT "$number" "$OUTBOUND_PORT"
  check_words TOWPATH_INBOUND_PORT "$number" "$INBOUND_PORT"
  check_words TOWPATH_DNS_PORT "$number" "$DNS_PORT"
  check_words TOWPATH_GID "$number" "$GROUP"
  check_words TOWPATH_OUTBOUND_PROGRAMS '[0-9]{1,5}:[ug]id:[0-9]{1,10}' "$(setting OUTBOUND_PROGRAMS)"
  check_words TOWPATH_VIRTUAL_IPS "$cidr" "$VIRTUAL_IPS"
  for side in OUTBOUND INBOUND; do
    for kind in INCLUDE EXCLUDE; do
      check_words "TOWPATH_${side}_${kind}_PORTS" "$ports" "$(setting "${side}_${kind}_PORTS")"
      check_words "TOWPATH_${side}_${kind}_CIDRS" "$cidr" "$(setting "${side}_${kind}_CIDRS")"
      check_words "TOWPATH_${side}_${kind}_UIDS" "$number" "$(setting "${side}_${kind}_UIDS")"
      check_words "TOWPATH_${side}_${kind}_GIDS" "$number" "$(setting "${side}_${kind}_GIDS")"
      check_words "TOWPATH_${side}_${kind}_INTERFACES" "$interface" "$(setting "${side}_${kind}_INTERFACES")"
    done
  done
}

setting() { eval "printf '%s' \"\${TOWPATH_$1:-}\""; }

has_ipv6() { [ -e /proc/net/if_inet6 ]; }
families() { if [ "${TOWPATH_IPV6:-yes}" = no ]; then echo 4; else echo 4 6; fi; }
kernel_families() { if has_ipv6; then echo 4 6; else echo 4; fi; }
tables() { if [ "$1" = 6 ]; then echo ip6tables; else echo iptables; fi; } # family
lease_set() { echo "towpath_lease_v$1"; }

# The ranges of one family.
cidrs() { # family, list
  if [ "$1" = 6 ]; then words "$2" | grep : || true; else words "$2" | grep -v : || true; fi
}

# The port of the SSH session this runs in; sudo drops the variable, the shells above still have it.
ssh_port() {
  [ "${TOWPATH_CAPTURE_SSH:-no}" = yes ] && return 0
  connection=${SSH_CONNECTION:-}
  pid=$PPID
  while [ -z "$connection" ] && [ "${pid:-0}" -gt 1 ]; do
    connection=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p' | head -n 1) || true
    pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || pid=0
  done
  printf '%s' "$connection" | awk '{ print $4 }'
}

exclude_ports() { # side
  list=$(setting "$1_EXCLUDE_PORTS")
  [ "${TOWPATH_CAPTURE_SSH:-no}" = yes ] || list="22 $list"
  if [ "$1" = INBOUND ]; then
    port=$(ssh_port)
    words "$list" | tr - : | awk -F: -v port="${port:-0}" '$1 <= port && port <= ($2 == "" ? $1 : $2) { f = 1 } END { exit !f }' ||
      list="$list ${port:-}"
  fi
  words "$list"
}

# At most 15 numbers fit one multiport match, a range counts as two: one group per line.
group_ports() {
  tr - : | awk '
    { size = 1; text = $0; if (split($0, end, ":") == 2) { if (end[1] == end[2]) text = end[1]; else size = 2 }
      if (NR == 1 || size > room) { if (NR > 1) print line; line = text; room = 15 - size } else { line = line "," text; room -= size } }
    END { if (NR > 0) print line }'
}

# ---- rules: the order is the meaning; docs/interception.md gives the reason of each --------------------------------------

each() { # prefix, suffix: one rule per line of input
  while IFS= read -r item; do printf '%s%s%s\n' "$1" "$item" "$2"; done
}

lease_rule() { # family, chain, protocol
  [ "$FAILURE" = closed ] || echo "-A $2 -p $3 -m set ! --match-set $(lease_set "$1") dst -j RETURN"
}

# Sorted as the agent writes them: by the first mention of each port, users before groups.
programs() {
  words "$(setting OUTBOUND_PROGRAMS)" |
    awk -F: '!($1 in at) { at[$1] = ++n } { printf "%d %s %d %s\n", at[$1], $2 == "uid" ? "a" : "b", NR, $0 }' |
    sort -k1,1n -k2,2 -k3,3n | cut -d' ' -f4
}

own_ports() {
  dns_port=
  [ "$DNS" = no ] || dns_port=$DNS_PORT
  program_ports=$(programs | cut -d: -f1)
  list=$(words "$OWN_PORTS $OUTBOUND_PORT $INBOUND_PORT $dns_port $program_ports" | sort -nu | paste -sd, -)
  echo "-A $1 -p tcp -m multiport --dports $list -j RETURN"
}

# Include lists, one chain each: every entry goes to the next list's chain, the last list's to the redirect.
include_chains() { # side (OUT, IN), family
  if [ "$1" = OUT ]; then long=OUTBOUND; else long=INBOUND; fi
  if [ "$1" = OUT ] && [ -n "$(setting OUTBOUND_INCLUDE_UIDS)$(setting OUTBOUND_INCLUDE_GIDS)" ]; then
    echo TOWPATH_OUT_OWNERS
  fi
  ports=$(setting "${long}_INCLUDE_PORTS")
  if [ -n "$ports" ] && ! words "$ports" | grep -qx '\*'; then echo "TOWPATH_$1_PORTS"; fi
  if [ -n "$(setting "${long}_INCLUDE_CIDRS")" ]; then echo "TOWPATH_$1_CIDRS"; fi
}

include_rules() { # side, family
  if [ "$1" = OUT ]; then long=OUTBOUND direction=-d; else long=INBOUND direction=-s; fi
  # shellcheck disable=SC2046
  set -- "$1" "$2" $(include_chains "$1" "$2") "TOWPATH_TO_$long"
  echo "-A TOWPATH_$long -p tcp -g $3"
  side=$1 family=$2
  shift 2
  while [ $# -gt 1 ]; do
    case $1 in
      *_OWNERS)
        words "$(setting OUTBOUND_INCLUDE_UIDS)" | each "-A $1 -p tcp -m owner --uid-owner " " -g $2"
        words "$(setting OUTBOUND_INCLUDE_GIDS)" | each "-A $1 -p tcp -m owner --gid-owner " " -g $2"
        ;;
      *_PORTS)
        words "$(setting "${long}_INCLUDE_PORTS")" | sed '/^none$/d' | group_ports |
          each "-A $1 -p tcp -m multiport --dports " " -g $2"
        ;;
      *_CIDRS) cidrs "$family" "$(setting "${long}_INCLUDE_CIDRS")" | each "-A $1 $direction " " -p tcp -g $2" ;;
    esac
    shift
  done
  [ "$side" = IN ] || programs | sed -E 's/^([0-9]+):([ug]id):([0-9]+)$/-A TOWPATH_TO_OUTBOUND -p tcp -m owner --\2-owner \3 -j REDIRECT --to-ports \1/'
  echo "-A TOWPATH_TO_$long -p tcp -j REDIRECT --to-ports $(if [ "$side" = OUT ]; then echo "$OUTBOUND_PORT"; else echo "$INBOUND_PORT"; fi)"
}

outbound_rules() { # family
  if [ "$1" = 6 ]; then loopback=::1/128 is_loopback='^(0*:)*:?0*1(/128)?$'; else loopback=127.0.0.0/8 is_loopback='^127\.'; fi
  agent="-m owner --gid-owner $GROUP"
  echo "-A TOWPATH_OUTPUT -p tcp -m mark --mark $MARK -j RETURN"
  cidrs "$1" "$VIRTUAL_IPS" | each '-A TOWPATH_OUTPUT -d ' " -p tcp -m owner ! --gid-owner $GROUP -g TOWPATH_TO_OUTBOUND"
  cidrs "$1" "$VIRTUAL_IPS" | each '-A TOWPATH_OUTPUT -d ' ' -p tcp -j RETURN'
  lease_rule "$1" TOWPATH_OUTPUT tcp
  echo "-A TOWPATH_OUTPUT ! -d $loopback -o lo -p tcp $agent -j TOWPATH_INBOUND"
  echo "-A TOWPATH_OUTPUT -p tcp $agent -j RETURN"
  [ "$DNS" = no ] || echo '-A TOWPATH_OUTPUT -p tcp -m tcp --dport 53 -g TOWPATH_DNS_LISTS'
  cidrs "$1" "$(setting OUTBOUND_INCLUDE_CIDRS)" | { grep -E "$is_loopback" || true; } |
    each '-A TOWPATH_OUTPUT -d ' ' -o lo -p tcp -g TOWPATH_OUTBOUND'
  echo '-A TOWPATH_OUTPUT -o lo -p tcp -j RETURN'
  [ "$1" = 4 ] || echo '-A TOWPATH_OUTPUT -d fe80::/10 -p tcp -j RETURN'
  echo '-A TOWPATH_OUTPUT -p tcp -g TOWPATH_OUTBOUND'
  own_ports TOWPATH_OUTBOUND
  words "$(setting OUTBOUND_EXCLUDE_UIDS)" | each '-A TOWPATH_OUTBOUND -p tcp -m owner --uid-owner ' ' -j RETURN'
  words "$(setting OUTBOUND_EXCLUDE_GIDS)" | each '-A TOWPATH_OUTBOUND -p tcp -m owner --gid-owner ' ' -j RETURN'
  exclude_ports OUTBOUND | group_ports | each '-A TOWPATH_OUTBOUND -p tcp -m multiport --dports ' ' -j RETURN'
  cidrs "$1" "$(setting OUTBOUND_EXCLUDE_CIDRS)" | each '-A TOWPATH_OUTBOUND -d ' ' -p tcp -j RETURN'
  include_rules OUT "$1"
}

excludes_dns() {
  exclude_ports OUTBOUND | tr - : | awk -F: '$1 <= 53 && 53 <= ($2 == "" ? $1 : $2) { f = 1 } END { exit !f }'
}

dns_rules() { # family
  [ "$DNS" = yes ] || return 0
  lease_rule "$1" TOWPATH_DNS udp
  echo "-A TOWPATH_DNS -p udp -m owner --gid-owner $GROUP -j RETURN"
  echo '-A TOWPATH_DNS -p udp -g TOWPATH_DNS_LISTS'
  if excludes_dns; then
    echo '-A TOWPATH_DNS_LISTS -j RETURN'
  else
    [ "$1" = 4 ] || echo '-A TOWPATH_DNS_LISTS -d fe80::/10 -j RETURN'
    words "$(setting OUTBOUND_EXCLUDE_UIDS)" | each '-A TOWPATH_DNS_LISTS -m owner --uid-owner ' ' -j RETURN'
    words "$(setting OUTBOUND_EXCLUDE_GIDS)" | each '-A TOWPATH_DNS_LISTS -m owner --gid-owner ' ' -j RETURN'
    cidrs "$1" "$(setting OUTBOUND_EXCLUDE_CIDRS)" | each '-A TOWPATH_DNS_LISTS -d ' ' -j RETURN'
    words "$(setting OUTBOUND_INCLUDE_UIDS)" | each '-A TOWPATH_DNS_LISTS -m owner --uid-owner ' ' -g TOWPATH_TO_DNS'
    words "$(setting OUTBOUND_INCLUDE_GIDS)" | each '-A TOWPATH_DNS_LISTS -m owner --gid-owner ' ' -g TOWPATH_TO_DNS'
    [ -n "$(setting OUTBOUND_INCLUDE_UIDS)$(setting OUTBOUND_INCLUDE_GIDS)" ] || echo '-A TOWPATH_DNS_LISTS -g TOWPATH_TO_DNS'
  fi
  echo "-A TOWPATH_TO_DNS -p tcp -j REDIRECT --to-ports $DNS_PORT"
  echo "-A TOWPATH_TO_DNS -p udp -j REDIRECT --to-ports $DNS_PORT"
}

inbound_rules() { # family
  lease_rule "$1" TOWPATH_PREROUTING tcp
  [ "$1" = 4 ] || echo '-A TOWPATH_PREROUTING -d fe80::/10 -p tcp -j RETURN'
  words "$(setting INBOUND_EXCLUDE_INTERFACES)" | each '-A TOWPATH_PREROUTING -i ' ' -p tcp -j RETURN'
  if [ -n "$(setting INBOUND_INCLUDE_INTERFACES)" ]; then
    words "$(setting INBOUND_INCLUDE_INTERFACES)" | each '-A TOWPATH_PREROUTING -i ' ' -p tcp -g TOWPATH_INBOUND'
  else
    echo '-A TOWPATH_PREROUTING -p tcp -g TOWPATH_INBOUND'
  fi
  own_ports TOWPATH_INBOUND
  exclude_ports INBOUND | group_ports | each '-A TOWPATH_INBOUND -p tcp -m multiport --dports ' ' -j RETURN'
  cidrs "$1" "$(setting INBOUND_EXCLUDE_CIDRS)" | each '-A TOWPATH_INBOUND -s ' ' -p tcp -j RETURN'
  include_rules IN "$1"
}

rules() { # family
  outbound_rules "$1"
  dns_rules "$1"
  inbound_rules "$1"
}

chains() { # family
  {
    echo TOWPATH_OUTPUT TOWPATH_OUTBOUND TOWPATH_TO_OUTBOUND TOWPATH_PREROUTING TOWPATH_INBOUND TOWPATH_TO_INBOUND
    include_chains OUT "$1"
    include_chains IN "$1"
    [ "$DNS" = no ] || echo TOWPATH_DNS TOWPATH_DNS_LISTS TOWPATH_TO_DNS
  } | tr ' ' '\n' | sort
}

jumps() {
  echo "-I PREROUTING 1 $OPENING -m addrtype --dst-type LOCAL -j TOWPATH_PREROUTING"
  echo "-I OUTPUT 1 $OPENING -j TOWPATH_OUTPUT"
  [ "$DNS" = no ] || echo '-I OUTPUT 2 -p udp -m udp --dport 53 -j TOWPATH_DNS'
}

# The transaction for one family. What is deleted of earlier rules comes between the chains and the rules.
transaction() { # family, [file with lines to put in between]
  echo '*nat'
  chains "$1" | each ':' ' - [0:0]'
  [ $# -lt 2 ] || cat "$2"
  rules "$1"
  jumps
  echo COMMIT
}

# ---- what is there ---------------------------------------------------------------------------------------------------------

nat_of() { awk '/^\*/ { nat = $0 == "*nat" } nat'; }            # iptables-save output -> its nat table
own_chains() { sed -n 's/^:\(TOWPATH_[^ ]*\) .*/\1/p'; }
jump_deletions() { grep -v '^-A TOWPATH_' | sed -n '/ -[jg] TOWPATH_/s/^-A/-D/p'; }
has_foreign() { grep -v '^-A TOWPATH_' | grep '^-A' | grep -qv ' -[jg] TOWPATH_'; }

deletions() { # chains to delete as lines; all are emptied first, because they lead to each other
  list=$(cat)
  printf '%s\n' "$list" | sed '/^$/d' | each '-F ' ''
  printf '%s\n' "$list" | sed '/^$/d' | each '-X ' ''
}

saved() { # save program
  "$1" 2>"$work/error" || fail "$1 failed: $(head -n 1 "$work/error")"
}

need_root() {
  [ "$(id -u)" = 0 ] || fail 'only root can read and change interception rules: use sudo'
  command -v iptables-save >/dev/null || fail 'iptables is not installed: apt-get install iptables'
}

# ---- remove -----------------------------------------------------------------------------------------------------------------

remove_nat() { # name of the iptables programs without -save and -restore
  saved "$1-save" | nat_of >"$work/remove"
  [ -n "$(own_chains <"$work/remove")$(jump_deletions <"$work/remove")" ] || return 0
  if own_chains <"$work/remove" | grep -qx "$MADE_TABLE" && ! has_foreign <"$work/remove"; then
    printf '*nat\nCOMMIT\n' | "$1-restore" -w 5 # without --noflush: deletes the table, which came with us
    return
  fi
  {
    echo '*nat'
    jump_deletions <"$work/remove"
    own_chains <"$work/remove" | deletions
    echo COMMIT
  } | "$1-restore" --noflush -w 5
}

# The backend that is not the host's choice (any more). Asking the legacy programs about tables would create them.
remove_other_backend() { # family
  name=$(tables "$1")
  case $("$name" -V) in
    *legacy*) other=$name-nft ;;
    *)
      other=$name-legacy
      grep -qsx nat "/proc/net/$(if [ "$1" = 6 ]; then echo ip6; else echo ip; fi)_tables_names" || return 0
      ;;
  esac
  if command -v "$other-save" >/dev/null; then remove_nat "$other"; fi
}

remove_routes() { # family
  ip "-$1" route show table main proto $ROUTE_PROTOCOL 2>/dev/null | awk '{ print $1 }' |
    while read -r range; do ip "-$1" route del "$range" dev lo proto $ROUTE_PROTOCOL; done
}

# The kernel lets go of a set a moment after the rules that used it.
destroy_set() { # family
  command -v ipset >/dev/null || return 0
  tries=20
  while ipset list -n 2>/dev/null | grep -qx "$(lease_set "$1")"; do
    ipset destroy "$(lease_set "$1")" 2>/dev/null && return 0
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "the set $(lease_set "$1") is still in use"
    sleep 0.1
  done
}

remove_family() { # family
  remove_nat "$(tables "$1")"
  remove_other_backend "$1"
  remove_routes "$1"
  destroy_set "$1"
}

remove() {
  need_root
  for family in $(kernel_families); do remove_family "$family"; done
  namespace=$(readlink /proc/self/ns/net | tr -dc 0-9)
  rm -f "/run/towpath/interception-$namespace.json" "/run/towpath/unconfirmed-$namespace.json"
  echo 'removed: no rule, set or route of Towpath is left'
}

# ---- apply ------------------------------------------------------------------------------------------------------------------

create_set() { # family
  [ "$FAILURE" = open ] || return 0
  command -v ipset >/dev/null || fail 'ipset is not installed, and the fail-open lease needs it: apt-get install ipset, or set TOWPATH_FAILURE=closed'
  inet=inet
  [ "$1" = 4 ] || inet=inet6
  ipset create "$(lease_set "$1")" hash:net family $inet timeout $LEASE_SECONDS -exist
}

# From what is there to what is wanted, as one transaction.
change() { # family, file with the nat table as it is
  {
    jump_deletions <"$2"
    own_chains <"$2" | { grep -vx "$MADE_TABLE" || true; } | { grep -vxF "$(chains "$1")" || true; } | deletions
  } >"$work/between"
  transaction "$1" "$work/between" |
    if own_chains <"$2" | grep -qx "$MADE_TABLE" || ! grep -q '^\*nat' "$2"; then
      sed "1a :$MADE_TABLE - [0:0]"
    else
      cat
    fi
}

# From what is there back to what was.
put_back() { # family
  saved "$(tables "$1")-save" | nat_of >"$work/now"
  if [ -z "$(own_chains <"$work/before$1")" ]; then
    remove_family "$1"
    return 0
  fi
  {
    echo '*nat'
    own_chains <"$work/before$1" | each ':' ' - [0:0]'
    jump_deletions <"$work/now"
    own_chains <"$work/now" | { grep -vxF "$(own_chains <"$work/before$1")" || true; } | deletions
    grep '^-A TOWPATH_' "$work/before$1" || true
    awk '/^-A / && $2 !~ /^TOWPATH_/ { n[$2]++; if (/ -[jg] TOWPATH_/) { at = n[$2]; c = $2; sub(/^-A [^ ]* /, ""); print "-I", c, at, $0 } }' "$work/before$1"
    echo COMMIT
  } | "$(tables "$1")-restore" --noflush -w 5
  [ -s "$work/set$1" ] || destroy_set "$1"
}

give_up() {
  for family in $(families); do put_back "$family"; done
  fail 'nothing was changed, or everything was put back as it was'
}

add_routes() { # family
  if [ "$1" = 6 ] && [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null)" = 1 ]; then return 0; fi
  remove_routes "$1"
  scope=
  # The program's source address is the host's own; 127.0.0.1 only where IPv4 has nothing else.
  if [ "$1" = 4 ] && [ -z "$(ip -4 -o addr show scope global)" ]; then scope='scope host'; fi
  # shellcheck disable=SC2086
  for range in $(cidrs "$1" "$VIRTUAL_IPS"); do ip "-$1" route add "$range" dev lo proto $ROUTE_PROTOCOL $scope || return 1; done
}

apply() {
  need_root
  check_settings
  if [ "${TOWPATH_IPV6:-yes}" != no ] && ! has_ipv6; then fail 'this kernel has no IPv6: set TOWPATH_IPV6=no'; fi
  for family in $(families); do
    saved "$(tables "$family")-save" | nat_of >"$work/before$family"
    ipset list -n 2>/dev/null | grep -x "$(lease_set "$family")" >"$work/set$family" || true
  done
  for family in $(families); do
    create_set "$family"
    change "$family" "$work/before$family" >"$work/change$family"
    "$(tables "$family")-restore" --noflush -w 5 --test <"$work/change$family" || give_up
  done
  for family in $(families); do
    "$(tables "$family")-restore" --noflush -w 5 <"$work/change$family" || give_up
    add_routes "$family" || give_up
  done
  for family in $(families); do
    remove_other_backend "$family"
    [ "$FAILURE" = open ] || destroy_set "$family"
  done
  if [ "${TOWPATH_IPV6:-yes}" = no ] && has_ipv6; then remove_family 6; fi
  echo 'in force'
}

# ---- check and show -----------------------------------------------------------------------------------------------------------

# The wanted rules as this iptables prints them: they are loaded into a network namespace that nobody uses.
wanted_as_saved() { # family
  transaction "$1" >"$work/wanted"
  inet=inet
  [ "$1" = 4 ] || inet=inet6
  # shellcheck disable=SC2016
  unshare --net sh -eu -c '
    [ "$1" = closed ] || ipset create "$2" hash:net family "$3" timeout 5
    "$4-restore" --noflush <"$5"
    "$4-save"' sh "$FAILURE" "$(lease_set "$1")" $inet "$(tables "$1")" "$work/wanted" 2>/dev/null | nat_of | comparable
}

# Our rules, the place of the jumps, and whether anything stands above them.
comparable() {
  awk '
    /^:TOWPATH_/ && $1 != ":TOWPATH_MADE_TABLE" { print $1 }
    /^-A TOWPATH_/ { print }
    /^-A / && !/^-A TOWPATH_/ { n[$2]++; if (/ -[jg] TOWPATH_/) print "place", n[$2], $0 }'
}

check_family() { # family; prints differences
  saved "$(tables "$1")-save" | nat_of | comparable >"$work/found"
  case " $(families) " in
    *" $1 "*)
      wanted_as_saved "$1" >"$work/expected"
      wanted_set=$([ "$FAILURE" = closed ] || lease_set "$1")
      wanted_routes=$(cidrs "$1" "$VIRTUAL_IPS" | wc -l)
      ;;
    *)
      : >"$work/expected"
      wanted_set=
      wanted_routes=0
      ;;
  esac
  if [ "$1" = 6 ] && [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null)" = 1 ]; then wanted_routes=0; fi
  diff "$work/expected" "$work/found" | sed -n "s/^</IPv$1: missing:/p; s/^>/IPv$1: unexpected:/p"
  set_found=$(ipset list -n 2>/dev/null | grep -x "$(lease_set "$1")" || true)
  [ "$set_found" = "$wanted_set" ] || echo "IPv$1: the set is \"$set_found\" instead of \"$wanted_set\""
  routes_found=$(ip "-$1" route show table main proto $ROUTE_PROTOCOL 2>/dev/null | wc -l)
  [ "$routes_found" = "$wanted_routes" ] || echo "IPv$1: $routes_found routes for virtual addresses instead of $wanted_routes"
}

is_absent() {
  for family in $(kernel_families); do
    [ -z "$(saved "$(tables "$family")-save" | nat_of | comparable)" ] || return 1
    ! ipset list -n 2>/dev/null | grep -qx "$(lease_set "$family")" || return 1
  done
}

check() {
  need_root
  check_settings
  if is_absent; then
    echo 'absent'
    exit 1
  fi
  for family in $(kernel_families); do check_family "$family"; done >"$work/differences"
  if [ -s "$work/differences" ]; then
    echo 'drifted'
    sed 's/^/  /' "$work/differences"
    exit 1
  fi
  echo 'in force'
}

show() {
  check_settings
  for family in $(families); do
    echo "# $(tables "$family")-restore --noflush"
    transaction "$family"
  done
}

case ${1:-} in
  apply | remove | check | show)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    "$1"
    ;;
  -h | --help | help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
