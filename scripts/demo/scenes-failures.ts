/** The scenes in which something is killed under load, and the clean removal at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestLab } from '../../test/network/support/lab.ts';
import { describeLoss, describeShares, Load, lostOf, shareOf, type Tally } from './load.ts';
import type { Report } from './report.ts';
import { weightedRoute } from './routes.ts';

const URL = 'http://orders.shop/';
const RATE = 200;

export async function showDeadEndpoint(lab: TestLab, report: Report): Promise<void> {
  report.scene('An endpoint dies under load: kill -9 of nginx on orders-v2');
  const load = new Load(lab, URL, RATE);
  await sleep(1500);
  const calm = await load.take();
  report.check('before, both versions answer', Math.abs(shareOf(calm, 'v1') - 0.5) < 0.1, describeShares(calm));
  await lab.stop('orders-v2', 'nginx', 'SIGKILL');
  await sleep(2500);
  const dying = await load.take();
  await sleep(1500);
  const after = await load.take();
  report.check('no request is lost: what it held is asked again of v1', lostOf(dying) === 0, describeLoss(dying));
  const healthy = await lab.counter('orders-v2', 'towpath_workload_healthy', { workload: 'shop/orders-v2' });
  report.check('its agent has withdrawn it', healthy === 0, `towpath_workload_healthy ${healthy}`);
  report.check('then v1 answers everything', lostOf(after) === 0 && shareOf(after, 'v1') === 1, describeShares(after));
  await lab.start('orders-v2', 'nginx');
  const back = await lab.waitFor('v2 to answer again', 10_000, async () => {
    await sleep(500);
    const tally = await load.take();
    return shareOf(tally, 'v2') > 0.4 ? tally : null;
  });
  report.check('started again, v2 gets its half back', lostOf(back) === 0, describeShares(back));
  await load.stop();
}

export async function showNatsOutage(lab: TestLab, report: Report): Promise<void> {
  report.scene(
    'NATS dies under load: kill -9 of nats-server',
    'Agents keep the views they have; traffic never waits for NATS.',
  );
  const load = new Load(lab, URL, RATE);
  await sleep(500);
  await load.take();
  await lab.stop('control', 'nats', 'SIGKILL');
  await sleep(4000);
  const outage = await load.take();
  report.check('no request is lost in 4 s without NATS', lostOf(outage) === 0, describeLoss(outage));
  const connected = await lab.counter('shop', 'towpath_control_connected');
  report.check('the agent knows that it is cut off', connected === 0, `towpath_control_connected ${connected}`);
  await lab.start('control', 'nats');
  const started = performance.now();
  await lab.waitFor('the agents to be connected again', 20_000, async () => {
    const all = await Promise.all(AGENTS.map((host) => lab.counter(host, 'towpath_control_connected')));
    return all.every((one) => one === 1);
  });
  report.say(`NATS is back; all agents were connected again after ${seconds(performance.now() - started)}.`);
  await lab.waitFor('a route change to be accepted', 20_000, async () =>
    lab.apply(weightedRoute({ backend: 'orders-v1', weight: 1 })).then(
      () => true,
      () => false,
    ),
  );
  await load.take();
  await sleep(1000);
  const steered = await load.stop();
  report.check('and changes work again: all to v1', shareOf(steered, 'v1') === 1, describeShares(steered));
}

const AGENTS = ['shop', 'orders-v1', 'orders-v2', 'cache'] as const;

export async function showDeadAgent(lab: TestLab, report: Report): Promise<void> {
  report.scene(
    "The shop's agent dies: kill -9",
    "Its redirect rules hang on a lease of 5 s in the kernel. The shop calls orders-v1 by the host's own name this time,",
    'because a virtual address means nothing without an agent.',
  );
  const load = new Load(lab, 'http://orders-v1/', RATE);
  await sleep(1000);
  const calm = await load.take();
  report.check('before, through the agent', lostOf(calm) === 0, describeLoss(calm));
  await lab.stop('shop', 'agent', 'SIGKILL');
  const gap = await measureGap(load);
  report.check('the kernel stops redirecting by itself', gap <= 6500, `direct traffic after ${seconds(gap)}`);
  await sleep(1500);
  const direct = await load.take();
  report.check('from then on nothing is lost', lostOf(direct) === 0 && direct.ok > 0, describeLoss(direct));
  await lab.start('shop', 'agent');
  const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://orders-v1/'];
  const before = await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' });
  const code = await lab.run('shop', curl);
  const counted = (await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' })) - before;
  report.check(
    'a new agent captures new connections',
    code === '200' && counted === 1,
    `status ${code}, counted +${counted}`,
  );
  const back = await load.stop();
  report.check('and leaves those alone that are under way', lostOf(back) === 0, describeLoss(back));
}

/** ms from now until a whole tenth of a second had answers and no loss. */
async function measureGap(load: Load): Promise<number> {
  const started = performance.now();
  for (;;) {
    const at = performance.now();
    await sleep(100);
    const tally: Tally = await load.take();
    if (tally.ok > 0 && lostOf(tally) === 0) return at - started;
    if (at - started > 15_000) return Number.POSITIVE_INFINITY;
  }
}

export async function showRemoval(lab: TestLab, report: Report): Promise<void> {
  report.scene("Clean removal: the shop's agent is stopped, under load");
  const before = await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' });
  const load = new Load(lab, 'http://orders-v1/', RATE);
  await sleep(1000);
  const counted = (await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' })) - before;
  report.check('before, through the agent', counted > 0, `it counted +${counted}`);
  await lab.stop('shop', 'agent', 'SIGTERM');
  await sleep(1500);
  const tally = await load.stop();
  report.check('no request is lost on the way out', lostOf(tally) === 0, describeLoss(tally));
  for (const command of ['iptables-save', 'ip6tables-save', 'ipset save', 'ip route', 'ip -6 route']) {
    await compareWithUntouched(lab, report, command);
  }
  const ports = (await lab.shell('shop', 'ss -Htln | wc -l')).trim();
  report.check('no port is listened on any more', ports === '0', `${ports} ports`);
}

/** The host "control" never had an agent: what it shows is what the shop must show, but for its own address. */
async function compareWithUntouched(lab: TestLab, report: Report, command: string): Promise<void> {
  const show = async (host: string): Promise<string> => {
    const text = await lab.shell(host, `${command} | grep -v '^#' || true`);
    const { ipv4, ipv6 } = lab.host(host);
    return text.replaceAll(ipv4?.address ?? '', 'ADDRESS').replaceAll(ipv6?.address ?? '', 'ADDRESS');
  };
  const [touched, untouched] = [await show('shop'), await show('control')];
  const lines = touched.split('\n').filter((line) => line !== '').length;
  const verdict = touched === untouched ? 'the same' : `differs:\n${touched}`;
  report.check(
    `${command} is as on a host that never had an agent`,
    touched === untouched,
    `${lines} lines, ${verdict}`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
