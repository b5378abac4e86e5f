/** Routes that come and go all day on a real data thread: memory stays, nothing is dropped, and no sum goes back. */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startDataThreads } from '../../../src/agent/data-threads.ts';
import { agentSchema } from '../../../src/config/agent-schema.ts';
import type { ServiceView } from '../../../src/contract/views.ts';
import { MAX_BLOCKS } from '../../../src/proxy/counters.ts';
import { type CountedSeries, requestCounts } from '../../../src/telemetry/counted-series.ts';
import { towpathRequestSamples } from '../../../src/telemetry/request-metrics.ts';
import { exampleDirectory, exampleService } from '../../helpers/example-views.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

/** Each rule has a block for each method: together more than there may be. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const CHANGES = (1.2 * MAX_BLOCKS) / METHODS.length;

t.setTimeout(120_000);

t.test(`${CHANGES} rules, one after the other`, async (t) => {
  const [outboundPort, inboundPort, explicitPort] = await freePorts(3);
  const { logger, lines } = recordingLogger();
  const { limits } = agentSchema.parse({ host: 'test' });
  const threads = await startDataThreads(
    {
      count: 1,
      outboundPort,
      inboundPort,
      explicitPort,
      ipv6: false,
      programs: [],
      locality: null,
      limits,
      seriesIdleMs: 3_600_000,
    },
    logger,
  );
  t.teardown(() => threads.stop());
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const agent = new Agent({ keepAlive: true, maxSockets: METHODS.length });
  t.teardown(() => agent.destroy());
  const { port } = server.address() as AddressInfo;

  const view = (gen: number): ServiceView => {
    const plain = exampleService('orders', gen);
    const cluster = 'shop/orders:80';
    const backends = [{ cluster, weight: 1, requestHeaders: null }];
    const action = {
      route: 'shop/orders',
      rule: `change-${gen}`,
      backends,
      requestHeaders: null,
      requestTimeoutMs: null,
    };
    const every = { path: null, method: null, headers: [], query: [], action: 0 };
    const endpoints = [{ ip: '127.0.0.1', port, weight: 1, workload: 'shop/orders-1' }];
    return {
      ...plain,
      ports: [{ ...plain.ports[0], protocol: 'http1', http: { entries: [every], actions: [action] } }],
      clusters: { [cluster]: { ...plain.clusters[cluster], protocol: 'http1', endpoints } },
    };
  };
  const ask = async (method: string): Promise<void> => {
    const asked = request({ host: '127.0.0.1', port: explicitPort, method, agent, headers: { host: 'orders.shop' } });
    asked.end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    await once(answer, 'end');
  };
  const requestsOf = (all: readonly CountedSeries[]): number =>
    towpathRequestSamples(requestCounts(all))
      .filter(({ name }) => name === 'towpath_request_duration_seconds_count')
      .reduce((sum, { value }) => sum + value, 0);
  const byRoute = (all: readonly CountedSeries[]): Map<string, number> =>
    new Map(all.flatMap(({ name, key, values }) => (name === 'towpath_requests_total' ? [[key, values[0] ?? 0]] : [])));

  await threads.post({ type: 'directory', services: exampleDirectory(1).services });
  let last: ReadonlyMap<string, number> = new Map();
  for (let gen = 1; gen <= CHANGES; gen++) {
    await threads.post({ type: 'service', service: view(gen) });
    await Promise.all(METHODS.map(ask));
    if (gen % 50 !== 0) continue;
    const all = threads.counters();
    // The last ones are counted a moment after their clients have the answers.
    const missing = METHODS.length * gen - requestsOf(all);
    if (missing > METHODS.length) t.fail(`${missing} requests are not in the sum of the service`);
    const now = byRoute(all);
    for (const [key, old] of last) if ((now.get(key) ?? 0) < old) t.fail(`${key} went back`);
    last = now;
  }
  for (let look = 0; look < 200 && requestsOf(threads.counters()) < METHODS.length * CHANGES; look++) await pause(10);
  const all = threads.counters();
  t.equal(requestsOf(all), METHODS.length * CHANGES);
  const dropped = all.filter(({ name }) => name === 'towpath_series_dropped_total');
  t.same(
    dropped.map(({ values }) => values[0]),
    [0],
  );
  t.equal(byRoute(all).size, CHANGES);
  t.same(lines, []);
});
