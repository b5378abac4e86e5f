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

/** The same wish as options of `towpath intercept` and as variables of the rescue script. */
const WISHES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['the defaults', [], []],
  ['failure: closed', ['--failure', 'closed'], ['TOWPATH_FAILURE=closed']],
  ['IPv4 only', ['--no-ipv6', '--capture-ssh'], ['TOWPATH_IPV6=no', 'TOWPATH_CAPTURE_SSH=yes']],
  [
    'every outbound list',
    [
      ...['--outbound-include-ports', '80,443,1000-1100,2000-2100,3000-3100,4000-4100,5000-5100,6000-6100,7000-7100'],
      ...['--outbound-include-cidrs', '10.1.2.3/8,127.0.0.1,::1,fd00::/8', '--outbound-include-uids', '33,34'],
      ...[
        '--outbound-include-gids',
        '35',
        '--outbound-exclude-ports',
        '25,8000-8100',
        '--outbound-exclude-uids',
        '1,2',
      ],
      ...['--outbound-exclude-gids', '3', '--outbound-exclude-cidrs', '10.9.0.0/16,fd09::/16,0.0.0.0/0'],
      ...['--outbound-programs', '15101:gid:33,15101:uid:1002,15102:uid:7,15101:uid:1001'],
    ],
    [
      'TOWPATH_OUTBOUND_INCLUDE_PORTS=80,443,1000-1100,2000-2100,3000-3100,4000-4100,5000-5100,6000-6100,7000-7100',
      'TOWPATH_OUTBOUND_INCLUDE_CIDRS=10.1.2.3/8 127.0.0.1 ::1 fd00::/8',
      ...['TOWPATH_OUTBOUND_INCLUDE_UIDS=33,34', 'TOWPATH_OUTBOUND_INCLUDE_GIDS=35'],
      ...['TOWPATH_OUTBOUND_EXCLUDE_PORTS=25 8000-8100', 'TOWPATH_OUTBOUND_EXCLUDE_UIDS=1,2'],
      ...['TOWPATH_OUTBOUND_EXCLUDE_GIDS=3', 'TOWPATH_OUTBOUND_EXCLUDE_CIDRS=10.9.0.0/16,fd09::/16,0.0.0.0/0'],
      'TOWPATH_OUTBOUND_PROGRAMS=15101:gid:33,15101:uid:1002,15102:uid:7,15101:uid:1001',
    ],
  ],
  [
    'every inbound list, other ports, group and virtual addresses',
    [
      ...[
        '--inbound-include-ports',
        'none',
        '--inbound-include-cidrs',
        '10.0.0.0/8',
        '--inbound-exclude-ports',
        '9100',
      ],
      ...['--inbound-exclude-cidrs', 'fd01::1', '--inbound-include-interfaces', 'eth0,eth1'],
      ...[
        '--inbound-exclude-interfaces',
        'docker+',
        '--outbound-port',
        '2501',
        '--inbound-port',
        '2506',
        '--gid',
        '77',
      ],
      ...['--virtual-ips', '240.1.0.0/16,240.2.0.0/16,fd00:1::/32'],
    ],
    [
      ...['TOWPATH_INBOUND_INCLUDE_PORTS=none', 'TOWPATH_INBOUND_INCLUDE_CIDRS=10.0.0.0/8'],
      ...['TOWPATH_INBOUND_EXCLUDE_PORTS=9100', 'TOWPATH_INBOUND_EXCLUDE_CIDRS=fd01::1'],
      ...['TOWPATH_INBOUND_INCLUDE_INTERFACES=eth0,eth1', 'TOWPATH_INBOUND_EXCLUDE_INTERFACES=docker+'],
      ...['TOWPATH_OUTBOUND_PORT=2501', 'TOWPATH_INBOUND_PORT=2506', 'TOWPATH_GID=77'],
      'TOWPATH_VIRTUAL_IPS=240.1.0.0/16,240.2.0.0/16,fd00:1::/32',
    ],
  ],
];

for (const [what, options, variables] of WISHES) {
  t.test(`with ${what}, the rescue script and the agent's code put the same rules in force`, async (t) => {
    const host = await makeHost(t);
    await populateTables(host);
    const before = await host.traces();
    const byCommand = await host.towpath('intercept', 'apply', ...options);
    t.equal(byCommand.exitCode, 0, byCommand.stderr);
    const rules = await host.traces();
    t.equal((await host.rescue('check', ...variables)).stdout, 'in force\n', 'the script sees it so');
    await host.towpath('intercept', 'remove');
    t.equal(await host.traces(), before);

    const byScript = await host.rescue('apply', ...variables);
    t.equal(byScript.exitCode, 0, byScript.stderr);
    t.equal(await host.traces(), rules, 'rules, sets and routes are equal');
    t.equal((await host.towpath('intercept', 'check', ...options)).exitCode, 0, 'the command sees it so');
    t.equal((await host.rescue('apply', ...variables)).exitCode, 0);
    t.equal(await host.traces(), rules, 'applying twice changes nothing');
    const removed = await host.rescue('remove');
    t.equal(removed.exitCode, 0, removed.stderr);
    t.equal(await host.traces(), before, 'nothing is left');
  });
}

t.test('the script removes what an agent left behind, from empty tables and twice in a row', async (t) => {
  const host = await makeHost(t);
  const before = await host.traces();
  t.equal((await host.rescue('remove')).exitCode, 0, 'where nothing ever was');
  const keeper = host.startScript('keeper-process.ts');
  await keeper.lineThat((line) => line.includes('"started"'));
  await keeper.kill();
  t.match(await host.traces(), /TOWPATH/);
  t.equal((await host.rescue('remove')).exitCode, 0);
  t.equal(await host.traces(), before);
  t.equal((await host.rescue('remove')).exitCode, 0);
  t.equal(await host.traces(), before);
});

t.test('the script needs neither Node nor bash', async (t) => {
  const host = await makeHost(t);
  await host.towpath('intercept', 'apply');
  const script = 'PATH=/usr/sbin:/usr/bin:/bin; mount -t tmpfs none /usr/local; dash scripts/iptables.sh remove';
  const hide = 'mount --bind /dev/null "$(readlink -f "$(command -v bash)")"';
  const outcome = await host.run('unshare', '--mount', 'dash', '-c', `${hide}; ${script}`);
  t.equal(outcome.exitCode, 0, outcome.stderr);
  t.notMatch(await host.traces(), /TOWPATH|towpath/);
});

t.test('check tells what is different, absent from drifted', async (t) => {
  const host = await makeHost(t);
  const absent = await host.rescue('check');
  t.same([absent.exitCode, absent.stdout], [1, 'absent\n']);
  await host.rescue('apply');
  await host.must('iptables', '-t', 'nat', '-I', 'OUTPUT', '-p', 'tcp', '-j', 'RETURN');
  await host.must('ip6tables', '-t', 'nat', '-F', 'TOWPATH_TO_INBOUND');
  await host.must('ip', 'route', 'del', '240.240.0.0/16');
  const drifted = await host.rescue('check');
  t.equal(drifted.exitCode, 1);
  t.match(drifted.stdout, /^drifted$/m);
  t.match(drifted.stdout, /IPv4: unexpected: place 2 -A OUTPUT/);
  t.match(drifted.stdout, /IPv6: missing: -A TOWPATH_TO_INBOUND -p tcp -j REDIRECT --to-ports 15006/);
  t.match(drifted.stdout, /IPv4: 0 routes for virtual addresses instead of 1/);
});

t.test('bad settings and a failing family change nothing', async (t) => {
  const host = await makeHost(t);
  await host.rescue('apply', 'TOWPATH_FAILURE=closed', 'TOWPATH_IPV6=no');
  const before = await host.traces();
  for (const [variable, words] of [
    ['TOWPATH_FAILURE=maybe', /TOWPATH_FAILURE: must be open or closed/],
    ['TOWPATH_INBOUND_EXCLUDE_INTERFACES=eth0;-j', /TOWPATH_INBOUND_EXCLUDE_INTERFACES: "eth0;-j" is not understood/],
    ['TOWPATH_OUTBOUND_EXCLUDE_CIDRS=10.0.0.0/99', /invalid mask.*[\s\S]*nothing was changed/],
    ['TOWPATH_GID=-1', /TOWPATH_GID: "-1" is not understood/],
  ] as const) {
    const { exitCode, stderr } = await host.rescue('apply', variable);
    t.equal(exitCode, 1);
    t.match(stderr, words);
    t.equal(await host.traces(), before, `${variable} changed nothing`);
  }
  const folder = t.testdir();
  const failing = '#!/bin/sh\ncase "$*" in *--test*) exit 0 ;; esac\ncat >/dev/null\nexit 4\n';
  writeFileSync(join(folder, 'ip6tables-restore'), failing, { mode: 0o755 });
  const broken = await host.rescue('apply', `PATH=${folder}:${process.env['PATH']}`);
  t.equal(broken.exitCode, 1);
  t.equal(await host.traces(), before, 'the first family is as it was, and no set is left');
});

t.test('without root the script shows the rules and does nothing else', async (t) => {
  const host = await makeHost(t);
  const asNobody = (verb: string) => host.run('setpriv', '--reuid=65534', 'sh', 'scripts/iptables.sh', verb);
  const shown = await asNobody('show');
  t.equal(shown.exitCode, 0, shown.stderr);
  t.equal(shown.stdout, (await host.towpath('intercept', 'show', '--raw')).stdout);
  for (const verb of ['apply', 'remove', 'check']) {
    const { exitCode, stderr } = await asNobody(verb);
    t.equal(exitCode, 1);
    t.match(stderr, /only root/);
  }
});
