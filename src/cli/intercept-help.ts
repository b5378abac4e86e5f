/** `towpath intercept --help`. */
export const INTERCEPT_HELP = `The rules that bring programs' connections to the agent. The agent installs, watches and removes them by itself;
this command shows them, checks them, and takes them away when no agent does. docs/interception.md explains each rule.

Usage:
  towpath intercept show  [OPTIONS] [--raw | -o json]   print the rules and the reason of each; needs no root
  towpath intercept apply [OPTIONS] [--confirm TIME]    put them in force: all or none, both address families
  towpath intercept confirm                             keep what "apply --confirm" put in force
  towpath intercept check [OPTIONS] [-o json]           status 0 in force, 1 absent or changed by somebody
  towpath intercept remove                              take everything of Towpath away; needs no settings

Without OPTIONS, check compares with what was applied last on this host. With failure: open the rules act only while an agent
refreshes its lease; scripts/iptables.sh does the same without Node.

Options (lists: commas, or the option again; ports: 80 or 8000-8999):
  --outbound-port PORT             the agent's outbound listener (15001)
  --inbound-port PORT              the agent's inbound listener (15006)
  --dns-port PORT                  the agent's DNS listener, on loopback (15053)
  --no-dns                         leave DNS queries alone
  --gid ID                         group of the agent's own sockets (15001)
  --failure open|closed            agent gone: talk directly, or refuse (open)
  --virtual-ips CIDRS              always captured (240.240.0.0/16,fd00:240::/32)
  --no-ipv6                        IPv4 only
  --capture-ssh                    do not leave port 22 and your SSH session's port alone
  --outbound-include-ports PORTS   only these; "none" captures nothing (all)
  --outbound-exclude-ports PORTS   not these, besides 22
  --outbound-include-cidrs CIDRS   only these destinations; a loopback range captures loopback as well (all but loopback)
  --outbound-exclude-cidrs CIDRS   not these destinations
  --outbound-include-uids IDS      only programs of these users ...
  --outbound-include-gids IDS      ... or of these groups (all)
  --outbound-exclude-uids IDS      not programs of these users
  --outbound-exclude-gids IDS      not programs of these groups
  --outbound-programs LIST         PORT:uid:ID or PORT:gid:ID: these programs go to a listener of their own
  --inbound-include-ports PORTS    only these; "none" captures nothing (all)
  --inbound-exclude-ports PORTS    not these, besides 22
  --inbound-include-cidrs CIDRS    only from these sources (all)
  --inbound-exclude-cidrs CIDRS    not from these sources
  --inbound-include-interfaces IF  only from these interfaces; docker+ means all that begin with docker (all)
  --inbound-exclude-interfaces IF  not from these interfaces
  --confirm TIME                   take the rules back after TIME (60s, 5m) unless confirmed
  --raw                            as input for iptables-restore --noflush
  -o json                          for programs

Examples:
  towpath intercept show --outbound-exclude-cidrs 10.8.0.0/16
  sudo towpath intercept apply --failure closed --confirm 60s
  sudo towpath intercept check
  sudo towpath intercept remove
`;
