import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { AgentOptions } from '../../../src/agent/agent-options.ts';
import { type RunningAgent, startAgent } from '../../../src/agent/start-agent.ts';
import { encodeSnapshot } from '../../../src/agent/views/encode-snapshot.ts';
import { loadSnapshot, prepareStateDirectory, saveSnapshot } from '../../../src/agent/views/snapshot-files.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { METRIC_DESCRIPTIONS } from '../../../src/telemetry/metric-descriptions.ts';
import { agentOptions } from '../../helpers/agent-options.ts';
import { exampleSnapshot } from '../../helpers/example-views.ts';
import { parseExposition } from '../../helpers/parse-exposition.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
type Tap = { teardown(end: () => unknown): void };

async function start(t: Tap, options: AgentOptions): Promise<RunningAgent> {
  const agent = await startAgent(options, logger);
  t.teardown(async () => {
    agent.stop('the test is over');
    agent.stop('at once');
    await agent.ended;
  });
  return agent;
}

async function get(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return opened;
}

t.test('without NATS the agent starts at once, is ready, and stops in good order', async (t) => {
  const options = await agentOptions(join(t.testdir(), 'state'));
  const { ports } = options.config;
  const watch = startWatch();
  const agent = await start(t, options);
  t.ok(watch.quietMs() < 5_000, 'nothing waited for NATS');
  t.strictSame(await get(ports.metrics, '/readyz'), { status: 200, text: 'ok\n' });
  t.strictSame(await get(ports.metrics, '/healthz'), { status: 200, text: 'ok\n' });
  const status = JSON.parse((await get(ports.admin, '/status')).text);
  t.match(status, {
    version: '1.2.3',
    host: 'test-host',
    phase: 'running',
    problems: [],
    views: { source: { type: 'control', connected: false }, directory: null, services: [] },
    interception: { enabled: false },
    dataThreads: { count: 1, connections: 0 },
  });
  const dump = JSON.parse((await get(ports.admin, '/dump')).text);
  t.match(dump, { views: { directory: null }, dataThreads: [{ connections: 0 }] });
  agent.stop('the test says so');
  t.equal(await agent.ended, 0);
  for (const port of Object.values(ports)) t.equal(await isListening(port), false, `port ${port} is closed`);
});

t.test('a scrape is valid text in which every series is described', async (t) => {
  const options = await agentOptions(join(t.testdir(), 'state'), 'workloads: [{ name: web, ports: { http: 80 } }]');
  await start(t, options);
  const families = parseExposition((await get(options.config.ports.metrics, '/metrics')).text);
  for (const name of families.keys()) t.ok(Object.hasOwn(METRIC_DESCRIPTIONS, name), `${name} is described`);
  const value = (name: string): string | undefined => families.get(name)?.samples[0]?.value;
  t.equal(value('towpath_ready'), '1');
  t.equal(value('towpath_control_connected'), '0');
  t.equal(value('towpath_workload_healthy'), '1');
  t.equal(value('towpath_connections_open'), '0');
});

t.test('the views of an earlier run are in force before anything is heard from control', async (t) => {
  const directory = join(t.testdir(), 'state');
  await prepareStateDirectory(directory);
  await saveSnapshot(directory, encodeSnapshot('default', exampleSnapshot(2)));
  const options = await agentOptions(directory);
  await start(t, options);
  const dump = JSON.parse((await get(options.config.ports.admin, '/dump')).text);
  const held = dump.dataThreads[0].services.map((s: { key: string }) => s.key);
  t.strictSame(held.toSorted(), ['shop/orders-0', 'shop/orders-1'], 'the data thread itself says so');
  t.equal(dump.views.directory.services.length, 2);
  t.equal((await loadSnapshot(directory, 'default')).snapshot?.services.length, 2);
  t.notOk(existsSync(join(directory, 'views.1')), 'and they were not written again');
});

t.test('views of another mesh are not used', async (t) => {
  const directory = join(t.testdir(), 'state');
  await prepareStateDirectory(directory);
  await saveSnapshot(directory, encodeSnapshot('other', exampleSnapshot(2)));
  const options = await agentOptions(directory);
  await start(t, options);
  t.match(JSON.parse((await get(options.config.ports.admin, '/dump')).text), { views: { directory: null } });
});

t.test('each port that is taken is named, and nothing of the agent is left', async (t) => {
  for (const name of ['outbound', 'inbound', 'admin', 'metrics'] as const) {
    const options = await agentOptions(join(t.testdir(), 'state'));
    const { ports } = options.config;
    const other = createServer().listen(ports[name], name === 'admin' || name === 'metrics' ? '127.0.0.1' : '0.0.0.0');
    await once(other, 'listening');
    const error: unknown = await startAgent(options, logger).catch((e: unknown) => e);
    t.match((error as Error).message, `port ${ports[name]}`);
    t.match((error as Error).message, `ports.${name}`);
    await new Promise((resolve) => other.close(resolve));
    for (const port of Object.values(ports)) t.equal(await isListening(port), false, `port ${port} is closed`);
  }
});

t.test('standalone files are in force from the start, and bad ones start nothing', async (t) => {
  const yaml = (kind: string): string => `apiVersion: v1
kind: ${kind}
metadata: { name: web }
spec: { clusterIP: 240.240.0.9, ports: [{ name: http, port: 80 }], selector: { app: web } }
`;
  const folder = t.testdir({ 'good.yaml': yaml('Service'), 'bad.yaml': yaml('Servcie') });
  const options = await agentOptions(join(folder, 'state'));
  await t.rejects(startAgent({ ...options, standalone: [join(folder, 'bad.yaml')] }, logger), { message: /bad\.yaml/ });
  t.equal(await isListening(options.config.ports.outbound), false);
  await start(t, { ...options, standalone: [join(folder, 'good.yaml')] });
  const status = JSON.parse((await get(options.config.ports.admin, '/status')).text);
  t.match(status, { views: { source: { type: 'files', problems: [] }, directory: { services: 1 } } });
  t.notOk(existsSync(join(folder, 'state')), 'files are their own memory');
});

t.test('the health of a local program decides what is registered', async (t) => {
  const program = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(program, 'listening');
  t.teardown(() => program.close());
  const { port } = program.address() as { port: number };
  const workload = `{ name: web, address: 127.0.0.1, ports: { http: ${port} }, probe: { tcpSocket: {}, periodSeconds: 0.1, failureThreshold: 1 } }`;
  const options = await agentOptions(join(t.testdir(), 'state'), `workloads: [${workload}]`);
  await start(t, options);
  const healthy = async (): Promise<boolean> => {
    const { text } = await get(options.config.ports.admin, '/status');
    return JSON.parse(text).workloads[0].healthy;
  };
  const becomes = async (wanted: boolean): Promise<boolean> => {
    for (let i = 0; i < 60; i++) {
      if ((await healthy()) === wanted) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };
  t.ok(await becomes(true));
  program.close();
  t.ok(await becomes(false));
});

t.test('the admin port can end the agent', async (t) => {
  const options = await agentOptions(join(t.testdir(), 'state'));
  const agent = await start(t, options);
  const response = await fetch(`http://127.0.0.1:${options.config.ports.admin}/drain`, { method: 'POST' });
  t.equal(response.status, 202);
  t.equal(await agent.ended, 0);
});

t.test('a state directory or a credentials file that cannot be used is one sentence', async (t) => {
  const folder = t.testdir({ file: '' });
  await t.rejects(startAgent(await agentOptions(join(folder, 'file', 'state')), logger), {
    message: /state directory/,
  });
  const options = await agentOptions(join(folder, 'state'));
  const nats = { ...options.config.nats, credentialsFile: join(folder, 'none.creds') };
  await t.rejects(startAgent({ ...options, config: { ...options.config, nats } }, logger), {
    message: /nats\.credentialsFile: the credentials file cannot be read/,
  });
});
