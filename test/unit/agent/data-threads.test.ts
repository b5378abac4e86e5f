/** Real data threads; a thread that dies is one that is terminated from outside, at any point of its work. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import type { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { type DataThreads, startDataThreads } from '../../../src/agent/data-threads.ts';
import { agentSchema } from '../../../src/config/agent-schema.ts';
import type { ProgramListener } from '../../../src/config/program-listeners.ts';
import { exampleDirectory, exampleService } from '../../helpers/example-views.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

const DEFAULTS = agentSchema.parse({ host: 'test' }).limits;
const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`timed out waiting: ${what}`);
    await pause(10);
  }
}

async function start(
  t: Test,
  count: number,
  explicitPort: number | null = null,
  programs: readonly ProgramListener[] = [],
): Promise<{ threads: DataThreads; ports: readonly number[]; lines: readonly { level: string; message: string }[] }> {
  const ports = await freePorts(2);
  const { logger, lines } = recordingLogger();
  const limits = { ...DEFAULTS, maxConnections: 256 };
  workers.length = 0;
  const threads = await startDataThreads(
    {
      count,
      outboundPort: ports[0],
      inboundPort: ports[1],
      explicitPort,
      ipv6: false,
      locality: null,
      limits,
      seriesIdleMs: 3_600_000,
      programs,
    },
    logger,
  );
  t.teardown(() => threads.stop());
  return { threads, ports, lines };
}

/** What a connection to our own port meets: it was not redirected, so that a living thread answers with a reset. */
async function knock(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const [error] = (await once(socket, 'error', { signal: AbortSignal.timeout(3_000) })) as [Error & { code: string }];
  return error.code;
}

function value(threads: DataThreads, name: string): number {
  return [...threads.counters()].filter((c) => c.name === name).reduce((sum, c) => sum + (c.values[0] ?? 0), 0);
}

t.test('changes are in force in every thread once `post` resolves', async (t) => {
  const { threads } = await start(t, 2);
  await threads.post({ type: 'directory', services: exampleDirectory(1).services });
  await threads.post({ type: 'service', service: exampleService('orders', 7) });
  const dumps = await threads.dump();
  t.equal(dumps.length, 2);
  for (const dump of dumps) t.same(dump.services, [{ key: 'shop/orders', epoch: 1, gen: 7 }]);
  await threads.post({ type: 'service-removed', key: 'shop/orders' });
  t.same(
    (await threads.dump()).map((d) => d.services),
    [[], []],
  );
  t.ok(threads.heartbeatAgeMs() < 1_000);
});

t.test(
  'a thread that dies is replaced: its listeners stay, its counts stay, and the new one knows the newest state',
  async (t) => {
    const { threads, ports, lines } = await start(t, 1);
    await threads.post({ type: 'service', service: exampleService('orders', 1) });
    await threads.post({ type: 'service', service: exampleService('orders', 2) });
    for (let i = 0; i < 3; i++) t.equal(await knock(ports[0]), 'ECONNRESET');
    await until(() => value(threads, 'towpath_connections_opened_total') === 3, 'three counted connections');
    // Past the time in which a thread counts as failing at its start.
    await pause(1_100);
    await workers[0].terminate();
    // Queued by the kernel until the replacement accepts.
    t.equal(await knock(ports[0]), 'ECONNRESET', 'the port was never closed');
    await until(async () => (await threads.dump()).length === 1, 'the replacement');
    t.same((await threads.dump())[0].services, [{ key: 'shop/orders', epoch: 1, gen: 2 }]);
    t.equal(value(threads, 'towpath_connections_opened_total'), 4, 'nothing counted is lost');
    t.ok(lines.some(({ level, message }) => level === 'error' && message.includes('is replaced')));
    t.equal(workers.length, 2);
  },
);

t.test('a change posted while a replacement starts is not overtaken by an older state', async (t) => {
  const { threads } = await start(t, 1);
  await threads.post({ type: 'service', service: exampleService('orders', 1) });
  await threads.post({ type: 'service', service: exampleService('cache', 1) });
  await pause(1_100);
  const next = once(process, 'worker');
  await workers[0].terminate();
  await next;
  await Promise.all([
    threads.post({ type: 'service-removed', key: 'shop/cache' }),
    threads.post({ type: 'service', service: exampleService('orders', 2) }),
  ]);
  t.same((await threads.dump())[0].services, [{ key: 'shop/orders', epoch: 1, gen: 2 }]);
  await pause(300);
  t.same((await threads.dump())[0].services, [{ key: 'shop/orders', epoch: 1, gen: 2 }]);
});

t.test('a message that waits for a dying thread resolves, and the change reaches the replacement', async (t) => {
  const { threads } = await start(t, 1);
  await pause(1_100);
  const gone = workers[0].terminate();
  await threads.post({ type: 'service', service: exampleService('orders', 3) });
  await gone;
  await until(async () => (await threads.dump()).length === 1, 'the replacement');
  t.same((await threads.dump())[0].services, [{ key: 'shop/orders', epoch: 1, gen: 3 }]);
});

t.test('a thread replaced while draining does not accept again', async (t) => {
  const { threads, ports } = await start(t, 1);
  await threads.drain(1_000);
  await pause(1_100);
  await workers[0].terminate();
  await until(async () => (await threads.dump()).length === 1, 'the replacement');
  const socket = connect(ports[0], '127.0.0.1');
  let failed = false;
  socket.on('error', () => {
    failed = true;
  });
  await pause(300);
  t.notOk(failed, 'it waits in the queue of the kernel');
  socket.destroy();
});

t.test('a thread that dies again and again is restarted once a second, not in a loop', async (t) => {
  const { threads } = await start(t, 1);
  const kill = (worker: Worker): void => {
    void worker.terminate();
  };
  process.on('worker', kill);
  await workers[0].terminate();
  await pause(2_500);
  process.off('worker', kill);
  t.ok(workers.length >= 2 && workers.length <= 5, `${workers.length - 1} restarts in 2.5 s`);
  await until(async () => (await threads.dump()).length === 1, 'a thread that lives');
});

t.test('the explicit mode listens on loopback; host names are resolved by the main thread', async (t) => {
  const [port, other = 0] = await freePorts(2);
  const programs = [{ port: other, namespace: 'shop', account: 'web', uids: [1], gids: [] }];
  const { threads } = await start(t, 2, port, programs);
  t.equal(await knock(other), 'ECONNRESET', 'programs with a listener of their own are no way around interception');
  await threads.post({ type: 'directory', services: exampleDirectory(1).services });
  const needed: string[] = [];
  threads.onNeed((key) => {
    needed.push(key);
    void threads.post({ type: 'service-removed', key });
  });
  const server = createServer((_request, response) => response.end('web')).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const ask = async (host: string): Promise<string> => {
    const request = get({ host: '127.0.0.1', port, headers: { host }, agent: false });
    const [answer] = await once(request, 'response', { signal: AbortSignal.timeout(8_000) });
    return `${answer.statusCode} ${await text(answer)}`;
  };
  const { port: webPort } = server.address() as AddressInfo;
  t.equal(await ask(`localhost:${webPort}`), '200 web');
  t.equal(await ask(`localhost:${webPort}`), '200 web');
  t.match(await ask(`no-such-name.invalid:${webPort}`), /^(404|503) .*no-such-name\.invalid/);
  t.match(await ask('orders.shop'), /^503 .*no view of the service shop\/orders/);
  t.ok(needed.includes('shop/orders'));
  t.match(await ask(`127.0.0.1:${port}`), /^400 .*this proxy itself/);
  await threads.drain(100);
  t.equal(await knock(port), 'ECONNREFUSED', 'nobody waits while the agent drains');
  const [elsewhere] = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter((a) => !a.internal && a.family === 'IPv4');
  if (elsewhere === undefined) return;
  const outside = connect(port, elsewhere.address);
  const [error] = (await once(outside, 'error')) as [Error & { code: string }];
  t.equal(error.code, 'ECONNREFUSED', 'not on other addresses');
});

t.test('a taken port is one clear sentence, and nothing stays open', async (t) => {
  const { ports } = await start(t, 1);
  const [free] = await freePorts(1);
  const { logger } = recordingLogger();
  const settings = {
    count: 1,
    explicitPort: null,
    ipv6: false,
    locality: null,
    seriesIdleMs: 3_600_000,
    programs: [],
    limits: { ...DEFAULTS, maxConnections: 16 },
  };
  await t.rejects(startDataThreads({ ...settings, outboundPort: free, inboundPort: ports[1] }, logger), {
    message: new RegExp(`port ${ports[1]} is already in use`),
  });
  t.equal(await knock(free), 'ECONNREFUSED');
});

t.test('after `stop` the ports are free and a second stop does nothing', async (t) => {
  const { threads, ports } = await start(t, 2);
  await threads.stop();
  await threads.stop();
  t.equal(await knock(ports[0]), 'ECONNREFUSED');
});

t.test('a thread explains a request by what it holds', async (t) => {
  const { threads } = await start(t, 2);
  await threads.post({ type: 'directory', services: exampleDirectory(1).services });
  await threads.post({ type: 'service', service: exampleService('orders', 7) });
  const question = { method: 'GET', authority: 'orders.shop', path: '/', headers: [] };
  t.match(await threads.explain(question), {
    target: { type: 'service', service: 'shop/orders', version: { gen: 7 } },
  });
  const bad = { ...question, headers: [['Content-Length', 'x'] as [string, string]] };
  await t.rejects(threads.explain(bad), { message: /the proxy refuses such a request/ });
});

t.test('what active checks find is in force in every thread, and told to a replacement', async (t) => {
  const { threads } = await start(t, 1);
  const service = exampleService('orders', 1);
  const [key] = Object.keys(service.clusters);
  const cluster = service.clusters[key];
  const [{ ip, port }] = cluster.endpoints;
  const check = { type: 'TCP' } as const;
  const activeCheck = { intervalMs: 1000, timeoutMs: 1000, unhealthyThreshold: 1, healthyThreshold: 1, check };
  const checked = { ...service, clusters: { ...service.clusters, [key]: { ...cluster, activeCheck } } };
  await threads.post({ type: 'service', service: checked });
  const address = `${ip}:${port}`;
  await threads.post({ type: 'endpoint-health', cluster: key, address, passes: false });
  const found = async () => (await threads.dump())[0]?.health?.find(({ endpoint }) => endpoint === address);
  t.match(await found(), { cluster: key, usable: false, passes: false });
  await pause(1_100);
  await workers[0].terminate();
  await until(async () => (await found())?.usable === false, 'the replacement knows it');
  await threads.post({ type: 'endpoint-health', cluster: key, address, passes: true });
  t.match(await found(), { usable: true, passes: true });
});
