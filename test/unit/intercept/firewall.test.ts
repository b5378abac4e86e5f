import t from 'tap';
import { firewallError } from '../../../src/intercept/firewall.ts';

const CASES = [
  ['iptables-save', 127, '', 'iptables-save is not installed', /apt-get install iptables/],
  [
    'iptables-restore',
    4,
    'iptables-restore v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)',
    /does not let this process change firewall rules/,
    /CAP_NET_ADMIN/,
  ],
  [
    'ip6tables-restore',
    3,
    "can't initialize ip6tables table `nat': Table does not exist (do you need to insmod?)",
    /no nat table for ip6tables-restore/,
    /modprobe ip6table_nat/,
  ],
  ['iptables-restore', 2, 'line one\n  line two\nline three', 'iptables-restore failed: line one line two', undefined],
  ['iptables-restore', 9, '', 'iptables-restore failed: exit status 9', undefined],
] as const;

for (const [name, exitCode, stderr, message, hint] of CASES) {
  t.test(`status ${exitCode} of ${name} becomes one sentence: ${message}`, async (t) => {
    const [problem] = firewallError(name, { exitCode, stdout: '', stderr }).problems;
    t.match(problem?.message, message);
    if (hint === undefined) t.equal(problem?.hint, undefined);
    else t.match(problem?.hint, hint);
    t.notMatch(problem?.message, '\n');
  });
}
