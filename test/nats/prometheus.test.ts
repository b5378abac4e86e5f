/**
 * A real Prometheus scrapes a real agent and control while a load with known numbers runs; promtool judges the exposition and the
 * shipped rules; every metric that the shipped files name exists.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startAgent } from '../../src/agent/start-agent.ts';
import { CONTROL_DESCRIPTIONS } from '../../src/telemetry/control-descriptions.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { METRIC_DESCRIPTIONS } from '../../src/telemetry/metric-descriptions.ts';
import { agentOptions } from '../helpers/agent-options.ts';
import { type ParsedFamily, parseExposition } from '../helpers/parse-exposition.ts';
import { ORDERS, operator, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';
import { promtool, startPrometheus } from './support/prometheus.ts';

const OBSERVABILITY = new URL('../../observability/', import.meta.url).pathname;
const RULES = join(OBSERVABILITY, 'prometheus-alerts.yaml');
const BODY = 'x'.repeat(100);

const nats = await startNatsServer();
/** A lease that no stall of a busy machine outlasts: an endpoint that is gone for a moment would be counted as UH. */
const control = await startControl(nats.url, 'test', 8_000);
const bus = await operator(nats.url);
const backend = createServer((req, res) => {
  if (req.url === '/reset') return void req.socket.resetAndDestroy();
  req.resume();
  res.writeHead(req.url === '/fail' ? 500 : 200, { 'content-type': 'text/plain' });
  res.end(BODY);
});
await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
const backendPort = (backend.address() as AddressInfo).port;
const options = await agentOptions(
  join(t.testdir(), 'state'),
  `
metrics: { istio: true }
workloads: [{ name: orders-1, namespace: shop, labels: { app: orders }, address: 127.0.0.1, ports: { http: ${backendPort} } }]`,
);
const config = { ...options.config, nats: { ...options.config.nats, servers: [nats.url] } };
const agent = await startAgent({ ...options, config }, createLogger({ name: 'test', level: 'silent' }));
const prometheus = await startPrometheus(
  { agent: `127.0.0.1:${config.ports.metrics}`, control: `127.0.0.1:${control.httpPort}` },
  RULES,
);
t.teardown(async () => {
  agent.stop('the test is over');
  agent.stop('at once');
  await Promise.all([agent.ended, prometheus.dispose()]);
  await control.stop();
  await bus.close();
  backend.closeAllConnections();
  backend.close();
  await nats.dispose();
});

const keepAlive = new Agent({ keepAlive: true, maxSockets: 4 });
t.teardown(() => keepAlive.destroy());

function call(path: string, method = 'GET', body = ''): Promise<number> {
  return new Promise((resolve) => {
    const where = { host: '127.0.0.1', port: config.ports.explicit ?? 0, path, method, agent: keepAlive };
    const asked = request({ ...where, headers: { host: 'orders.shop' } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    asked.on('error', () => resolve(0));
    asked.end(body);
  });
}

async function scrape(port: number, accept = ''): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } })).text();
}

function value(families: Map<string, ParsedFamily>, name: string, labels: Record<string, string> = {}): number {
  const family = families.get(name.replace(/_(bucket|sum|count)$/, '')) ?? families.get(name);
  const matching = family?.samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, text]) => one.labels[label] === text),
  );
  return (matching ?? []).reduce((sum, one) => sum + Number(one.value), 0);
}

/** Every counter, by name and labels. */
function counters(text: string): Map<string, number> {
  const all = new Map<string, number>();
  for (const { type, samples } of parseExposition(text).values()) {
    if (type === 'gauge' || type === 'summary') continue;
    for (const { name, labels, value } of samples) all.set(`${name}${JSON.stringify(labels)}`, Number(value));
  }
  return all;
}

/** What is counted, once nothing more is added: a request is counted after its answer has left, one number after the other. */
async function settled(): Promise<Map<string, ParsedFamily>> {
  const requests = (text: string): string =>
    text.replace(/^(?!(?:towpath_re|http_|istio_)).*\n/gm, '').replace(/ # .*$/gm, '');
  let last = '';
  await until('no request is counted any more', async () => {
    const text = await scrape(config.ports.metrics);
    const isQuiet = requests(text) === requests(last);
    last = text;
    if (!isQuiet) await sleep(50);
    return isQuiet;
  });
  return parseExposition(last);
}

const OK = 200;
const FAILED = 20;
const RESET = 7;
const POSTED = 30;

t.test('a scripted load is counted exactly, and no counter goes back meanwhile', async (t) => {
  await until('control takes the service', () =>
    bus.request('towpath.v1.default.control.resource.apply', ORDERS.replace('8080', 'http'), 5_000).then(
      () => true,
      () => false,
    ),
  );
  await until('the service answers', async () => (await call('/ok')) === 200);
  const before = await settled();
  let isLoaded = true;
  let scrapes = 0;
  const watching = (async () => {
    let last = new Map<string, number>();
    while (isLoaded) {
      const now = counters(await scrape(config.ports.metrics));
      for (const [key, old] of last) {
        const found = now.get(key);
        if (found === undefined || found < old) t.fail(`${key} was ${old} and is ${found}`);
      }
      last = now;
      scrapes++;
      await sleep(20);
    }
  })();
  const answers: number[] = [];
  for (let i = 0; i < OK; i += 4) answers.push(...(await Promise.all([1, 2, 3, 4].map(() => call('/ok')))));
  for (let i = 0; i < FAILED; i++) answers.push(await call('/fail'));
  for (let i = 0; i < POSTED; i++) answers.push(await call('/ok', 'POST', BODY));
  for (let i = 0; i < RESET; i++) answers.push(await call('/reset', 'POST', BODY));
  isLoaded = false;
  await watching;
  t.ok(scrapes > 2, `${scrapes} scrapes`);
  const seen = (status: number): number => answers.filter((one) => one === status).length;
  t.same([seen(200), seen(500), seen(503)], [OK + POSTED, FAILED, RESET]);
  const after = await settled();
  const added = (name: string, labels: Record<string, string> = {}): number =>
    value(after, name, labels) - value(before, name, labels);
  const side = { side: 'outbound', service: 'shop/orders' };
  t.equal(added('towpath_requests_total', { ...side, code: '200', flags: '' }), OK + POSTED);
  t.equal(added('towpath_requests_total', { ...side, code: '500', flags: '' }), FAILED);
  t.equal(added('towpath_requests_total', { ...side, code: '503', flags: 'UC' }), RESET);
  const all = OK + FAILED + POSTED + RESET;
  t.equal(added('towpath_requests_total'), all);
  t.equal(added('towpath_request_duration_seconds_count', side), all);
  t.equal(added('towpath_response_bytes_count', side), all);
  t.equal(added('towpath_backend_requests_total', { backend: 'shop/orders:80' }), all - RESET);
  const http = 'http_client_request_duration_seconds_count';
  t.equal(added(http, { http_request_method: 'GET', http_response_status_code: '200' }), OK);
  t.equal(added(http, { http_request_method: 'POST', http_response_status_code: '200' }), POSTED);
  t.equal(added(http, { http_response_status_code: '500', error_type: '500' }), FAILED);
  t.equal(added(http, { http_response_status_code: '503', error_type: 'UC' }), RESET);
  t.equal(added(http, { server_address: 'orders.shop' }), all);
  t.equal(added('istio_requests_total', { response_code: '500', destination_service_name: 'orders' }), FAILED);
  t.equal(added('istio_request_duration_milliseconds_count', { reporter: 'source' }), all);
  t.equal(added('towpath_internal_errors_total'), 0);
});

t.test('Prometheus takes all of it, and holds the truth', async (t) => {
  await until(
    'both are up',
    async () => (await prometheus.query('up')).filter((one) => one.value === 1).length === 2,
    30_000,
  );
  const truth = value(parseExposition(await scrape(config.ports.metrics)), 'towpath_requests_total', { code: '500' });
  await until('the numbers', async () => {
    const [found] = await prometheus.query('sum(towpath_requests_total{code="500"})');
    return found?.value === truth;
  });
  const { activeTargets } = (await prometheus.api('targets')) as { activeTargets: { lastError: string }[] };
  t.same(
    activeTargets.map(({ lastError }) => lastError),
    ['', ''],
  );
  const { groups } = (await prometheus.api('rules')) as {
    groups: { rules: { health: string; lastError?: string }[] }[];
  };
  t.same(
    groups.flatMap(({ rules }) => rules.flatMap(({ lastError }) => lastError ?? [])),
    [],
    'every rule can be evaluated',
  );
});

t.test('promtool finds nothing wrong with the exposition or the rules', async (t) => {
  const text = await scrape(config.ports.metrics);
  const own = text.split('\n').filter((line) => !/^(# (HELP|TYPE) )?istio_/.test(line));
  t.same(await promtool(['check', 'metrics'], own.join('\n')), { status: 0, output: '' }, 'the agent');
  t.same(await promtool(['check', 'metrics'], await scrape(control.httpPort)), { status: 0, output: '' }, 'control');
  t.equal((await promtool(['check', 'rules', RULES])).status, 0);
  t.equal((await promtool(['check', 'config', join(OBSERVABILITY, 'prometheus.yml')])).status, 0);
  const cases = new URL('support/alert-cases.yaml', import.meta.url).pathname;
  const tested = await promtool(['test', 'rules', cases]);
  t.equal(tested.status, 0, tested.output);
  t.match(await scrape(config.ports.metrics, 'application/openmetrics-text'), /\n# EOF\n$/);
});

t.test('every metric that the dashboard and the rules name exists', async (t) => {
  const families = new Set([
    ...parseExposition(await scrape(config.ports.metrics)).keys(),
    ...parseExposition(await scrape(control.httpPort)).keys(),
  ]);
  const described = { ...METRIC_DESCRIPTIONS, ...CONTROL_DESCRIPTIONS };
  for (const file of ['grafana-dashboard.json', 'prometheus-alerts.yaml']) {
    const text = readFileSync(join(OBSERVABILITY, file), 'utf8');
    const names = new Set(text.match(/\b(towpath|http|rpc|istio)_[a-z_]+_[a-z_]*[a-z]\b/g));
    for (const name of [...names].filter((one) => one !== 'http_route')) {
      const family = name.replace(/_(bucket|sum|count)$/, '');
      t.ok(families.has(name) || families.has(family) || name in described || family in described, `${file}: ${name}`);
    }
    t.ok([...names].filter((name) => families.has(name)).length > 10, `${file}: most of them are in a real scrape`);
  }
  t.doesNotThrow(() => JSON.parse(readFileSync(join(OBSERVABILITY, 'grafana-dashboard.json'), 'utf8')));
});

t.test('control serves the whole mesh, and answers for it', async (t) => {
  const query = async (): Promise<{
    edges: { service: string; caller: string; requestsTotal: number; success: number }[];
  }> => JSON.parse((await bus.request('towpath.v1.default.control.metrics.query', '{"watch":true}', 5_000)).text());
  const truth = value(parseExposition(await scrape(config.ports.metrics)), 'towpath_requests_total', {
    side: 'outbound',
  });
  await until(
    'the report of the agent',
    async () => (await query()).edges.some(({ requestsTotal }) => requestsTotal === truth),
    30_000,
  );
  const [edge] = (await query()).edges;
  t.match(edge, { service: 'shop/orders', caller: 'shop/orders-1' });
  const families = parseExposition(await scrape(control.httpPort));
  t.equal(value(families, 'towpath_mesh_requests_total', { caller: 'shop/orders-1', code: '500' }), FAILED);
  t.equal(value(families, 'towpath_mesh_request_duration_seconds_count'), truth);
  t.equal(value(families, 'towpath_mesh_hosts', { state: 'reporting' }), 1);
  const refused = await bus.request('towpath.v1.default.control.metrics.query', '{"windowSeconds":"x"}', 5_000);
  t.equal(refused.header('Nats-Service-Error-Code'), '400');
});
