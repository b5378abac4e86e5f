/** The scenes in which nothing breaks: interception, balancing, canary, A/B. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestLab } from '../../test/network/support/lab.ts';
import { describeLoss, describeShares, Load, lostOf, shareOf } from './load.ts';
import type { Report } from './report.ts';
import { AB_ROUTE, ROUND_ROBIN_POLICY, weightedRoute } from './routes.ts';

const URL = 'http://orders.shop/';
const ORDERS = ['orders-v1', 'orders-v2'] as const;

export async function showInterception(lab: TestLab, report: Report): Promise<void> {
  report.scene(
    'Interception: unmodified programs, captured by the kernel',
    'On the host "shop" we run Debian\'s curl. It knows nothing of a proxy, and neither does nginx on the other side.',
  );
  const before = await countRequests(lab);
  const logged = await countLogLines(lab);
  const [ip, code, version] = (
    await lab.run('shop', [...CURL, '%{remote_ip} %{http_code} %header{x-version}', '-4', URL])
  ).split(' ');
  const owner = await lab.exec('shop', ['grep', '-cw', String(ip), '/etc/hosts']);
  const hosts = lab.plan.hosts.flatMap((host) => [host.ipv4?.address, host.ipv6?.address]);
  report.check(
    'curl dialled a virtual address that no host has',
    owner.exitCode === 0 && !hosts.includes(ip),
    String(ip),
  );
  report.check(
    'and nginx answered',
    code === '200',
    `status ${code}, version ${version}, on the host orders-${version}`,
  );
  const after = await countRequests(lab);
  report.check("the shop's agent counted it, outbound", after.shop - before.shop === 1, `+${after.shop - before.shop}`);
  const inbound = ORDERS.map((host) => after[host] - before[host]);
  report.check(
    'the agent of exactly one orders host counted it, inbound',
    sum(inbound) === 1,
    `+${inbound.join(' and +')}`,
  );
  const lines = (await countLogLines(lab)) - logged;
  report.check("it stands once in nginx's own access log", lines === 1, `+${lines} line`);
  const six = await lab.run('shop', [...CURL, '%{remote_ip} %{http_code}', '-6', URL]);
  report.check('the same over IPv6', six.endsWith(' 200') && six.includes(':'), six);
  await showRedis(lab, report);
}

/** A protocol that is no HTTP: recognised as such and relayed byte for byte. */
async function showRedis(lab: TestLab, report: Report): Promise<void> {
  const verdicts = async (): Promise<number> =>
    lab.counter('shop', 'towpath_verdicts_total', { side: 'outbound', verdict: 'opaque' });
  const before = await verdicts();
  const said = await lab.run('shop', ['redis-cli', '-h', 'cache.shop'], 'SET cart 42\nINCR cart\nGET cart\n');
  report.check(
    'redis-cli talks to redis on the host "cache"',
    said === 'OK\n43\n43\n',
    said.trim().split('\n').join(' '),
  );
  const seen = (await verdicts()) - before;
  report.check('its connection was seen to be no HTTP, and relayed as it is', seen === 1, `+${seen} opaque connection`);
}

export async function showBalancing(lab: TestLab, report: Report): Promise<void> {
  report.scene(
    'Balancing: one name, two versions on two hosts',
    'curl asks a hundred times over one kept-alive connection; each request is balanced by itself: by default to whoever has the',
    'fewest requests under way, which for one curl is a coin toss.',
  );
  await askHundredTimes(lab, report, 'both versions answer', (n) => n >= 30);
  report.say('With a BackendTrafficPolicy that says RoundRobin:');
  await lab.apply(ROUND_ROBIN_POLICY);
  await askHundredTimes(lab, report, 'each version answers exactly half', (n) => n === 50);
  await lab.run('control', ['towpath', 'delete', 'backendtrafficpolicy', 'orders', '-n', 'shop', '--wait']);
}

async function askHundredTimes(
  lab: TestLab,
  report: Report,
  what: string,
  good: (answers: number) => boolean,
): Promise<void> {
  const before = await countRequests(lab);
  const out = await lab.run('shop', [...CURL, '%header{x-version}\\n', `${URL}?[1-100]`]);
  const answers = out.trim().split('\n');
  const counts = ORDERS.map((host) => answers.filter((version) => host.endsWith(version)).length);
  report.check(what, sum(counts) === 100 && counts.every(good), `v1 ${counts[0]}, v2 ${counts[1]} of 100`);
  const after = await countRequests(lab);
  const outbound = after.shop - before.shop;
  const inbound = ORDERS.map((host) => after[host] - before[host]);
  report.check("the shop's agent counted as many requests as curl made", outbound === 100, `+${outbound}`);
  report.check(
    'each orders agent counted what curl saw',
    inbound.join() === counts.join(),
    `+${inbound.join(' and +')}`,
  );
}

export async function showCanary(lab: TestLab, report: Report): Promise<void> {
  report.scene(
    'A canary, live: 90/10, then 50/50, then all to v2',
    'The shop asks about 300 times a second while we apply one HTTPRoute after the other with "towpath apply --wait".',
  );
  const load = new Load(lab, URL, 300);
  const before = await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' });
  await lab.apply(weightedRoute({ backend: 'orders-v1', weight: 100 }, { backend: 'orders-v2', weight: 0 }));
  const tallies = [await load.take()];
  for (const [v1, v2, tolerance] of [
    [90, 10, 0.04],
    [50, 50, 0.06],
    [0, 100, 0],
  ] as const) {
    const started = performance.now();
    await lab.apply(weightedRoute({ backend: 'orders-v1', weight: v1 }, { backend: 'orders-v2', weight: v2 }));
    const tookMs = performance.now() - started;
    tallies.push(await load.take());
    await sleep(2500);
    const tally = await load.take();
    tallies.push(tally);
    const good = Math.abs(shareOf(tally, 'v2') - v2 / 100) <= tolerance;
    report.check(
      `weights ${v1}/${v2}, in force on every agent after ${tookMs.toFixed(0)} ms`,
      good,
      describeShares(tally),
    );
  }
  tallies.push(await load.stop());
  report.check('no request was lost in the whole time', lostOf(...tallies) === 0, describeLoss(...tallies));
  const sent = tallies.reduce((all, tally) => all + tally.sent, 0);
  const counted = (await lab.counter('shop', 'towpath_requests_total', { side: 'outbound' })) - before;
  // A few requests were answered between the start of the load and the first reading of the counter.
  report.check(
    "and the shop's agent counted them",
    counted <= sent && counted >= sent - 300,
    `+${counted} of ${sent} sent`,
  );
}

export async function showHeaderMatch(lab: TestLab, report: Report): Promise<void> {
  report.scene('A/B by header: "x-group: beta" sees v2, everybody else v1');
  await lab.apply(AB_ROUTE);
  for (const [group, wanted] of [
    ['beta', 'v2'],
    ['alpha', 'v1'],
  ] as const) {
    const out = await lab.run('shop', [...CURL, '%header{x-version}\\n', '-H', `X-Group: ${group}`, `${URL}?[1-20]`]);
    const right = out
      .trim()
      .split('\n')
      .filter((version) => version === wanted).length;
    report.check(`x-group: ${group} is answered by ${wanted}`, right === 20, `${right} of 20`);
  }
  const plain = (await lab.run('shop', [...CURL, '%header{x-version}\\n', `${URL}?[1-20]`])).trim().split('\n');
  const right = plain.filter((version) => version === 'v1').length;
  report.check('without the header, by v1', right === 20, `${right} of 20`);
  await lab.run('control', ['towpath', 'delete', 'httproute', 'orders', '-n', 'shop', '--wait']);
}

const CURL = ['curl', '-s', '-m', '10', '-o', '/dev/null', '-w'];

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

interface RequestCounts {
  readonly shop: number;
  readonly 'orders-v1': number;
  readonly 'orders-v2': number;
}

async function countRequests(lab: TestLab): Promise<RequestCounts> {
  const count = (host: string, side: string): Promise<number> => lab.counter(host, 'towpath_requests_total', { side });
  return {
    shop: await count('shop', 'outbound'),
    'orders-v1': await count('orders-v1', 'inbound'),
    'orders-v2': await count('orders-v2', 'inbound'),
  };
}

/** Lines in the access logs of both nginx. */
async function countLogLines(lab: TestLab): Promise<number> {
  const logs = ORDERS.map((host) => `${lab.host(host).folder}/nginx/access.log`);
  return Number((await lab.shell('shop', `cat ${logs.join(' ')} | wc -l`)).trim());
}
