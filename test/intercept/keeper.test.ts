import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DEFAULT_SETTINGS } from '../../src/intercept/index.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { whoAnswers } from '../network/support/dial.ts';
import { join2, Netns, type Running } from '../network/support/netns.ts';
import { populateTables } from '../network/support/tables.ts';

t.setTimeout(240_000);

const TARGETS = ['10.77.0.2', 'fd77::2'] as const;

interface Scene {
  readonly host: Netns;
  readonly peer: Netns;
  /** Starts an agent reduced to its keeper, and waits until the rules are in force. */
  readonly startKeeper: (settings?: object) => Promise<Running>;
  /** Who takes a call to the peer's port 80, on IPv4 and IPv6. */
  readonly takers: () => Promise<string[]>;
}

async function makeScene(t: Test): Promise<Scene> {
  const host = await Netns.create();
  const peer = await Netns.create();
  t.teardown(() => Promise.all([host.delete(), peer.delete()]));
  await join2(host, peer, { left: ['10.77.0.1/24', 'fd77::1/64'], right: ['10.77.0.2/24', 'fd77::2/64'] });
  await host.startScript('report-listener.ts', '15001', '15006').lineThat((line) => line === 'ready');
  await peer.startScript('report-listener.ts', '80').lineThat((line) => line === 'ready');
  return {
    host,
    peer,
    startKeeper: async (settings = {}) => {
      const keeper = host.startScript('keeper-process.ts', JSON.stringify(settings));
      await keeper.lineThat((line) => line.includes('"started"'), START_MS);
      return keeper;
    },
    takers: async () => {
      const answers = await Promise.all(TARGETS.map((ip) => whoAnswers(host, ip, 80)));
      return answers.map((answer) => answer.split(' ')[0] ?? '');
    },
  };
}

/** Longest time that a start takes, on a machine that is busy. */
const START_MS = 30_000;
const PROXIED = ['15001', '15001'];
const DIRECT = ['80', '80'];
const REFUSED = ['refused', 'refused'];

/** Milliseconds until `condition` holds; fails when it has not by `limitMs` of an idle machine. */
async function until(condition: () => Promise<boolean>, limitMs: number): Promise<number> {
  const watch = startWatch();
  while (!(await condition())) {
    if (watch.quietMs() > limitMs) throw new Error(`did not happen within ${limitMs} ms`);
    await sleep(50);
  }
  return watch.ms();
}

async function order(keeper: Running, word: string): Promise<void> {
  keeper.child.stdin.write(`${word}\n`);
  await keeper.lineThat((line) => line === JSON.stringify({ type: 'done', order: word }));
}

function eventsOf(keeper: Running, type: string): Record<string, unknown>[] {
  const lines = keeper.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter((line) => line['type'] === type);
}

async function stateOf(keeper: Running): Promise<Record<string, unknown>> {
  keeper.lines.length = 0;
  await order(keeper, 'state');
  return eventsOf(keeper, 'state')[0] ?? {};
}

t.test('start puts the rules in force, stop takes every trace away', async (t) => {
  const { host, startKeeper, takers } = await makeScene(t);
  const before = await host.traces();
  const keeper = await startKeeper();
  t.same(await takers(), PROXIED, 'captured as soon as start has resolved');
  await order(keeper, 'stop');
  t.equal(await host.traces(), before);
  t.same(await takers(), DIRECT);
});

t.test('what mostly waits, side by side', async (t) => {
  t.jobs = 2;

  t.test('after SIGKILL the kernel stops redirecting within 6 s, and a new agent takes the rules over', async (t) => {
    const { host, startKeeper, takers } = await makeScene(t);
    const first = await startKeeper();
    await sleep(2500);
    t.same(await takers(), PROXIED, 'the lease is refreshed: it would have ended long ago otherwise');
    await first.kill();
    const waited = await until(async () => (await takers()).join() === DIRECT.join(), 6000);
    t.ok(waited > 2000, `the lease ended after ${Math.round(waited)} ms, not at once`);
    t.equal(await helpersIn(host), 0, 'no helper process outlives the agent');
    const rules = await host.must('iptables-save', '-t', 'nat');

    const second = await startKeeper();
    t.same(await takers(), PROXIED);
    t.equal(untimed(await host.must('iptables-save', '-t', 'nat')), untimed(rules), 'not one rule twice');
    await second.kill();
    t.equal((await host.towpath('intercept', 'remove')).exitCode, 0, 'remove works when the agent is gone');
    t.notMatch(await host.traces(), /TOWPATH|towpath/);
  });

  t.test('a virtual address is refused at once when the agent is gone', async (t) => {
    const { host, startKeeper } = await makeScene(t);
    const bare = await Netns.create();
    t.teardown(() => bare.delete());
    t.match(await whoAnswers(bare, '240.240.0.1', 80), /unreachable/i, 'without the rules there is no such address');
    const keeper = await startKeeper({ outboundPort: 15111 });
    await keeper.kill();
    t.equal(await whoAnswers(host, '240.240.0.1', 80), 'refused');
    t.equal(await whoAnswers(host, 'fd00:240::1', 80), 'refused');
  });

  t.test('failure: closed keeps refusing when the agent is gone', async (t) => {
    const { host, startKeeper, takers } = await makeScene(t);
    // Nobody listens there, as when the agent is dead.
    const keeper = await startKeeper({ failure: 'closed', outboundPort: 15111 });
    await keeper.kill();
    await sleep(6500);
    t.same(await takers(), REFUSED);
    t.notMatch(await host.must('ipset', 'save'), /towpath/, 'there is no lease at all');
  });

  t.test('the lease can be paused and resumed', async (t) => {
    const { startKeeper, takers } = await makeScene(t);
    const keeper = await startKeeper();
    await order(keeper, 'pause');
    const waited = await until(async () => (await takers()).join() === DIRECT.join(), 1500);
    t.pass(`direct after ${Math.round(waited)} ms, without waiting for the end of the lease`);
    await sleep(2500);
    t.same(await takers(), DIRECT, 'it stays paused');
    await order(keeper, 'resume');
    await until(async () => (await takers()).join() === PROXIED.join(), 1500);
    t.equal(eventsOf(keeper, 'lease-failed').length, 0);
  });

  t.test('release stops capturing while redirected connections live on until stop', async (t) => {
    const { host, startKeeper, takers } = await makeScene(t);
    const keeper = await startKeeper();
    const redirected = host.start('socat', '-', 'TCP4:10.77.0.2:80');
    await redirected.lineThat((line) => line.startsWith('15001 for 10.77.0.2:80'));
    await order(keeper, 'release');
    t.same(await takers(), DIRECT);
    redirected.child.stdin.write('still there\n');
    t.equal(await redirected.lineThat((line) => line === 'still there'), 'still there');
    await sleep(2500);
    t.same(await takers(), DIRECT, 'nobody repairs what was released');
    await order(keeper, 'stop');
    t.notMatch(await host.traces(), /TOWPATH|towpath/);
  });

  t.test('with the legacy backend, where nothing is announced, drift is repaired within 2 s as well', async (t) => {
    const host = await Netns.create();
    t.teardown(() => host.delete());
    const folder = t.testdir({});
    for (const name of [
      'iptables',
      'iptables-save',
      'iptables-restore',
      'ip6tables',
      'ip6tables-save',
      'ip6tables-restore',
    ]) {
      await host.must('ln', '-s', `/usr/sbin/${name.replace('tables', 'tables-legacy')}`, `${folder}/${name}`);
    }
    const script = new URL('../network/support/keeper-process.ts', import.meta.url).pathname;
    const keeper = host.start('env', `PATH=${folder}:${process.env['PATH']}`, process.execPath, script);
    await keeper.lineThat((line) => line.includes('"started"'), START_MS);
    await sleep(2000);
    const watch = startWatch();
    await host.must('iptables-legacy', '-t', 'nat', '-F');
    await keeper.lineThat((line) => line.includes('"repaired"'), 20_000);
    t.ok(watch.quietMs() < 2000, `repaired after ${Math.round(watch.ms())} ms`);
    t.match(await stateOf(keeper), { watch: 'polled', repairs: 1 });
    await order(keeper, 'stop');
    t.notMatch(await host.traces(), /TOWPATH|towpath/);
  });
});

const DRIFTS: readonly (readonly [string, string, RegExp])[] = [
  ['the nat table is flushed', 'iptables -t nat -F; ip6tables -t nat -F', /lacks the rule|does not lead/],
  ['the nat table is deleted', 'printf "*nat\\nCOMMIT\\n" | iptables-restore', /IPv4: chain TOWPATH_\S+ is missing/],
  ['a jump is deleted', `ip6tables -t nat -D OUTPUT 1`, /IPv6: OUTPUT does not lead to our rules/],
  [
    'a rule is put above ours',
    'iptables -t nat -I OUTPUT -p tcp -j RETURN',
    /IPv4: OUTPUT has 1 foreign rules above ours/,
  ],
  ['our rules are duplicated', 'iptables-save -t nat | iptables-restore --noflush', /IPv4: .* 2 times|more than once/],
  [
    'a rule is put inside ours',
    'iptables -t nat -I TOWPATH_OUTBOUND -p tcp --dport 80 -j RETURN',
    /TOWPATH_OUTBOUND has a foreign rule -p tcp -m tcp --dport 80/,
  ],
  [
    'another program restores its own table',
    'printf "*nat\\n-A OUTPUT -p udp -j RETURN\\nCOMMIT\\n" | iptables-restore',
    /is missing/,
  ],
  [
    'rules and sets are destroyed',
    'for t in iptables ip6tables; do printf "*nat\\nCOMMIT\\n" | $t-restore; done; for i in 1 2 3 4 5; do ipset destroy && break; sleep 0.1; done',
    /the set towpath_lease_v4 is missing|everything of ours is gone|is missing/,
  ],
];

for (const [what, script, words] of DRIFTS) {
  t.test(`within 2 s it is noticed and repaired when ${what}`, async (t) => {
    const { host, startKeeper, takers } = await makeScene(t);
    await populateTables(host);
    const keeper = await startKeeper();
    await sleep(600);
    const watch = startWatch();
    await host.must('sh', '-c', script);
    await keeper.lineThat((line) => line.includes('"repaired"'), 20_000);
    t.ok(watch.quietMs() < 2000, `repaired after ${Math.round(watch.ms())} ms`);
    t.match(JSON.stringify(eventsOf(keeper, 'drift')), words, 'the log says what was different');
    await until(async () => (await takers()).join() === PROXIED.join(), 1500);
    t.equal((await host.towpath('intercept', 'check')).exitCode, 0);
    await until(async () => (await stateOf(keeper))['watch'] === 'announced', 3000);
    const state = await stateOf(keeper);
    t.equal(state['drifts'], state['repairs'], 'every drift was repaired and counted');
    t.ok(Number(state['repairs']) >= 1 && Number(state['repairs']) <= 2, 'and the keeper does not fight with itself');
  });
}

t.test('an emptied set is filled again within 2 s', async (t) => {
  const { host, startKeeper, takers } = await makeScene(t);
  await startKeeper();
  await host.must('ipset', 'flush');
  await until(async () => (await takers()).join() === PROXIED.join(), 2000);
});

t.test('a route to virtual addresses that vanished is put back with the next look', async (t) => {
  const { host, startKeeper } = await makeScene(t);
  const keeper = await startKeeper();
  await host.must('ip', 'route', 'del', '240.240.0.0/16');
  // Any change of rules makes the keeper look.
  await host.must('iptables', '-t', 'nat', '-A', 'POSTROUTING', '-p', 'udp', '-j', 'RETURN');
  await keeper.lineThat((line) => line.includes('"repaired"'), 20_000);
  t.equal((await whoAnswers(host, '240.240.0.1', 80)).split(' ')[0], '15001');
});

t.test('keeping costs next to nothing while nothing happens', async (t) => {
  const { startKeeper } = await makeScene(t);
  const keeper = await startKeeper();
  await sleep(1500);
  const first = await stateOf(keeper);
  const usual = await yardstick(5);
  const second = await stateOf(keeper);
  const perSecond = (cpuOf(second) - cpuOf(first)) / 5;
  t.ok(Number(second['leaseRefreshes']) - Number(first['leaseRefreshes']) >= 4, 'the lease was refreshed each second');
  const limit = 5000 + 4 * usual;
  t.ok(perSecond < limit, `${Math.round(perSecond)} us of CPU per second, ${Math.round(usual)} for one idle command`);
});

/** us of CPU per second of a process that starts one command a second and does nothing else: what this machine makes of that now. */
async function yardstick(seconds: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < seconds; i++) {
    await Promise.all([once(spawn('true', { stdio: 'ignore' }), 'close'), sleep(1000)]);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / seconds;
}

t.test('settings that cannot work leave nothing behind', async (t) => {
  const { host } = await makeScene(t);
  const before = await host.traces();
  const keeper = host.startScript('keeper-process.ts', JSON.stringify({ virtualIpRanges: ['0.0.0.0/0'] }));
  await new Promise((resolve) => keeper.child.once('exit', resolve));
  t.equal(keeper.child.exitCode, 1);
  t.equal(await host.traces(), before);
  t.equal(DEFAULT_SETTINGS.failure, 'open');
});

/** Processes of this network namespace that are helpers of a keeper. */
async function helpersIn(host: Netns): Promise<number> {
  const pids = (await host.must('ip', 'netns', 'pids', host.name)).trim().split('\n');
  return pids.filter((pid) => {
    try {
      return /xtables-monitor|ipset/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    } catch {
      return false;
    }
  }).length;
}

function untimed(saved: string): string {
  return saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}

/** Microseconds of CPU, of the process and of its helpers that have ended. */
function cpuOf(state: Record<string, unknown>): number {
  const { user, system } = state['cpu'] as { user: number; system: number };
  return user + system;
}
