/** Hosts whose firewall is in use already: rules that Towpath must leave exactly as they are. */
import type { Netns } from './netns.ts';

/** The kind of rules that Docker, fail2ban and an administrator leave, in three tables of both families. */
const POPULATED = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d LOOPBACK -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -p udp -m udp --dport 5353 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8081 -j REDIRECT --to-ports 80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A f2b-sshd -j RETURN
COMMIT
*mangle
-A OUTPUT -p tcp -m tcp --dport 9 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
`;

export async function populateTables(netns: Netns): Promise<void> {
  for (const [program, loopback] of [
    ['iptables-restore', '127.0.0.0/8'],
    ['ip6tables-restore', '::1/128'],
  ] as const) {
    const outcome = await netns.feed(POPULATED.replace('LOOPBACK', loopback), program);
    if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
  }
  await netns.must('ipset', 'create', 'f2b-list', 'hash:ip', 'timeout', '600');
}
