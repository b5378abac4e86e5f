import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Netns } from '../network/support/netns.ts';
import { populateTables } from '../network/support/tables.ts';

t.setTimeout(120_000);

async function makeHost(t: Test): Promise<Netns> {
  const netns = await Netns.create();
  t.teardown(() => netns.delete());
  return netns;
}

for (const [what, populate] of [
  ['empty tables', async () => {}],
  ['tables in use', populateTables],
] as const) {
  t.test(`from ${what}, what is there after remove is what was there before apply`, async (t) => {
    const host = await makeHost(t);
    await populate(host);
    const before = await host.traces();
    for (const failure of ['open', 'closed']) {
      const applied = await host.towpath('intercept', 'apply', '--failure', failure);
      t.equal(applied.exitCode, 0, applied.stderr);
      t.match(await host.traces(), /TOWPATH_OUTPUT[\s\S]*TOWPATH_OUTPUT/, 'the rules are there, in both families');
      t.equal((await host.towpath('intercept', 'check')).exitCode, 0);
      const removed = await host.towpath('intercept', 'remove');
      t.equal(removed.exitCode, 0, removed.stderr);
      t.equal(await host.traces(), before, 'no rule, chain, table, set or route is left');
      t.equal((await host.towpath('intercept', 'check')).exitCode, 1);
    }
  });

  t.test(`from ${what}, applying twice changes nothing, not even the counters`, async (t) => {
    const host = await makeHost(t);
    await populate(host);
    await host.towpath('intercept', 'apply', '--failure', 'closed');
    await host.run('socat', '-', 'TCP4:240.240.0.1:80');
    const counted = await host.must('iptables-save', '-c', '-t', 'nat');
    t.match(counted, /\[1:\d+\] -A OUTPUT /, 'a packet was counted');
    await host.towpath('intercept', 'apply', '--failure', 'closed');
    t.equal(withoutTimes(await host.must('iptables-save', '-c', '-t', 'nat')), withoutTimes(counted));
  });
}

t.test('remove does nothing, without complaint, where nothing was ever applied', async (t) => {
  const host = await makeHost(t);
  const before = await host.traces();
  const { exitCode } = await host.towpath('intercept', 'remove');
  t.equal(exitCode, 0);
  t.equal(await host.traces(), before);
});

t.test('rules that somebody else adds to the table after us survive our removal', async (t) => {
  const host = await makeHost(t);
  await host.towpath('intercept', 'apply');
  await host.must('iptables', '-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', '-j', 'RETURN');
  await host.towpath('intercept', 'remove');
  const after = await host.must('iptables-save');
  t.match(after, /^-A OUTPUT -p udp -j RETURN$/m);
  t.notMatch(after, /TOWPATH/);
});

t.test('rules of ours in the other iptables backend are found and removed', async (t) => {
  const host = await makeHost(t);
  await host.must('iptables-legacy', '-t', 'nat', '-N', 'TOWPATH_OUTPUT');
  await host.must('iptables-legacy', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '-j', 'TOWPATH_OUTPUT');
  await host.towpath('intercept', 'apply');
  t.notMatch(await host.must('iptables-legacy-save'), /TOWPATH/, 'apply leaves one set of rules, not two');
  t.match(await host.must('iptables-save'), /TOWPATH/);
  await host.towpath('intercept', 'remove');
  t.notMatch(await host.traces(), /TOWPATH/);
});

t.test('rules of an earlier version, and duplicates, are replaced by exactly one set', async (t) => {
  const host = await makeHost(t);
  await host.towpath('intercept', 'apply');
  const clean = await host.traces();
  await host.must('iptables', '-t', 'nat', '-N', 'TOWPATH_OLD');
  await host.must('iptables', '-t', 'nat', '-A', 'TOWPATH_OUTBOUND', '-j', 'TOWPATH_OLD');
  await host.must('iptables', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '-j', 'TOWPATH_OLD');
  await host.must('iptables', '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '-j', 'TOWPATH_PREROUTING');
  await host.feed(`*nat\n${await rulesOf(host)}COMMIT\n`, 'iptables-restore', '--noflush');
  const drifted = await host.towpath('intercept', 'check', '-o', 'json');
  t.equal(JSON.parse(drifted.stdout).state, 'drifted');
  await host.towpath('intercept', 'apply');
  t.equal(await host.traces(), clean);
});

t.test('when the second family fails, the first is put back as it was', async (t) => {
  const host = await makeHost(t);
  const folder = t.testdir();
  // ip6tables-restore that accepts every trial and fails every commit: a fault no real rule set provokes on demand.
  const script = '#!/bin/sh\ncase "$*" in *--test*) exit 0 ;; esac\ncat >/dev/null\necho "commit failed" >&2\nexit 4\n';
  writeFileSync(join(folder, 'ip6tables-restore'), script, { mode: 0o755 });
  const broken = ['env', `PATH=${folder}:${process.env['PATH']}`, 'bin/towpath', 'intercept', 'apply'] as const;
  const before = await host.traces();
  const fresh = await host.run(...broken);
  t.equal(fresh.exitCode, 1);
  t.match(fresh.stderr, /ip6tables-restore failed: commit failed/);
  t.equal(await host.traces(), before, 'nothing of the first family is left');

  await host.towpath('intercept', 'apply', '--no-ipv6', '--inbound-exclude-ports', '9');
  const earlier = await host.traces();
  t.equal((await host.run(...broken, '--failure', 'closed')).exitCode, 1);
  t.equal(await host.traces(), earlier, 'the rules that were in force before are in force again');
  t.equal((await host.towpath('intercept', 'check')).exitCode, 0);
});

t.test('what cannot work is refused in one sentence and changes nothing', async (t) => {
  const host = await makeHost(t);
  const before = await host.traces();
  const without = (...programs: readonly string[]): string => {
    const hide = programs.map((program) => `rm -f /usr/sbin/${program}`).join(' && ');
    // The administration programs of this process tree alone: a copy of the folder, without those programs.
    return `set -e; d=$(mktemp -d); cp -a /usr/sbin/. "$d"; mount --bind "$d" /usr/sbin; ${hide}; bin/towpath intercept apply; s=$?; exit $s`;
  };
  const inPrivate = (script: string) => host.run('unshare', '--mount', 'sh', '-c', script);
  const cases = [
    [
      await inPrivate(without('iptables-save')),
      /error: iptables-save is not installed\nhint: apt-get install iptables\n/,
    ],
    [
      await inPrivate(without('ipset')),
      /error: ipset is not installed, and the fail-open lease needs it\nhint: .*closed\n/,
    ],
    [
      await host.run('setpriv', '--reuid=65534', 'bin/towpath', 'intercept', 'apply'),
      /error: interception rules can only be read and changed by root\nhint: use sudo\n/,
    ],
    [
      await host.run(
        'setpriv',
        '--bounding-set=-net_admin',
        '--inh-caps=-net_admin',
        'bin/towpath',
        'intercept',
        'apply',
      ),
      /error: the kernel does not let this process .*\nhint: .*CAP_NET_ADMIN/,
    ],
    // A kernel without IPv6 shows by what is missing below /proc.
    [
      await inPrivate('mount -t tmpfs none /proc; bin/towpath intercept apply'),
      /error: this kernel has no IPv6, .*\nhint: .*--no-ipv6/,
    ],
    [await host.towpath('intercept', 'apply', '--outbound-exclude-cidrs', '10.0.0.0/33'), /outbound.excludeCidrs\[0\]/],
    [
      await host.towpath('intercept', 'apply', '--inbound-port', '15001'),
      /error: inboundPort: 15001 is the outbound port/,
    ],
  ] as const;
  for (const [{ exitCode, stderr }, words] of cases) {
    t.equal(exitCode, 1, stderr);
    t.match(stderr, words);
    t.notMatch(stderr, /\n {4}at /, 'no stack');
  }
  t.equal(await host.traces(), before);
});

async function rulesOf(host: Netns): Promise<string> {
  const saved = await host.must('iptables-save', '-t', 'nat');
  return saved.replace(/^[^-].*\n/gm, '');
}

function withoutTimes(saved: string): string {
  return saved.replace(/^#.*\n/gm, '');
}
