import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { encodeSnapshot } from '../../src/agent/views/encode-snapshot.ts';
import { exampleVersion } from '../helpers/example-views.ts';
import { startWatch } from '../helpers/stopwatch.ts';
import { AgentHost, FAR, FAR_PORT, type Program } from './support/agent-host.ts';

t.setTimeout(180_000);
/** Each test has hosts of its own and mostly waits. */
t.jobs = 2;

const READY = 'the agent is ready';
const FAR_URL = `http://${FAR}:${FAR_PORT}/`;
const VIRTUAL_IP = '240.240.0.10';
let hosts = 0;

async function makeHost(t: { teardown(end: () => unknown): void }): Promise<AgentHost> {
  const host = await AgentHost.make(hosts++);
  t.teardown(() => host.close());
  return host;
}

/** A route that sends `weights` to the two versions on the far host. */
function standalone(weights: readonly [number, number]): string {
  const version = (n: number, port: number): string => `
apiVersion: v1
kind: Service
metadata: { name: v${n} }
spec: { ports: [{ name: http, port: 80 }], selector: { version: v${n} } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: v${n}, labels: { version: v${n} } }
spec: { address: ${FAR}, ports: { http: ${port} } }
---`;
  return `${version(1, 8081)}${version(2, 8082)}
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: ${VIRTUAL_IP}, ports: [{ name: http, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ group: "", kind: Service, name: web }]
  rules:
    - backendRefs:
        - { name: v1, port: 80, weight: ${weights[0]} }
        - { name: v2, port: 80, weight: ${weights[1]} }
`;
}

async function end(agent: Program, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  agent.child.kill(signal);
  return (await agent.ended).status;
}

/** Waits for what comes sooner or later, on a busy machine later. */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const watch = startWatch(); !(await condition()); await sleep(20))
    if (watch.ms() > 30_000) throw new Error(`waited in vain: ${what}`);
}

/** The agent carries a connection of the program that was started last. */
const carries = (host: AgentHost): Promise<void> =>
  until('a connection', async () => (await metric(host, /^towpath_connections_open /)) > 0);

async function metric(host: AgentHost, series: RegExp): Promise<number> {
  const text = await host.get('http://127.0.0.1:15020/metrics');
  return text
    .split('\n')
    .filter((line) => series.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

t.test('no connection of a program fails while the agent starts, runs, restarts and stops', async (t) => {
  const host = await makeHost(t);
  const before = await host.firewall();
  const files = host.file('r.yaml', standalone([1, 1]));
  const load = host.start('near', [
    'sh',
    '-c',
    `while [ ! -e ${host.folder}/stop ]; do curl -s -m 8 ${FAR_URL} || echo failed; done`,
  ]);
  for (let round = 0; round < 2; round++) {
    const agent = host.agent(['--standalone', files]);
    await agent.prints(READY);
    const carried = (): Promise<number> => metric(host, /^towpath_requests_total\{side="outbound"/);
    await until('the agent to carry requests', async () => (await carried()) > 5);
    t.equal(await end(agent), 0);
  }
  const enough = load.stdout.length + 20 * 'far\n'.length;
  await until('requests without an agent', async () => load.stdout.length > enough);
  host.file('stop', '');
  const answers = (await load.ended).stdout.trim().split('\n');
  t.ok(answers.length > 30, `${answers.length} requests`);
  t.strictSame(
    answers.filter((answer) => answer !== 'far'),
    [],
  );
  t.equal(await host.firewall(), before, 'nothing of ours is left');
});

t.test('when the first rule is there, the agent already serves', async (t) => {
  const host = await makeHost(t);
  const agent = host.agent(['--standalone', host.file('r.yaml', standalone([1, 0]))]);
  let seen = false;
  while (!seen) seen = (await host.run('near', ['iptables-save', '-t', 'nat'])).stdout.includes('TOWPATH');
  t.equal(await host.get(`http://${VIRTUAL_IP}/`), 'v1');
  t.equal(await end(agent), 0);
});

t.test('a request under way at SIGTERM is answered, and new ones go past the agent meanwhile', async (t) => {
  const host = await makeHost(t);
  const agent = host.agent(['--standalone', host.file('r.yaml', standalone([1, 0]))]);
  await agent.prints(READY);
  const slow = host.get(`http://${FAR}:${FAR_PORT}/slow`);
  await carries(host);
  agent.child.kill('SIGTERM');
  await agent.prints('the agent is stopping');
  await sleep(300);
  t.equal(await host.get(FAR_URL), 'far', 'a new connection, while draining');
  t.equal(agent.child.exitCode, null, 'the agent still waits');
  t.equal(await slow, 'far');
  t.equal((await agent.ended).status, 0);
});

t.test('a second signal ends it at once', async (t) => {
  const host = await makeHost(t);
  const agent = host.agent(['--standalone', host.file('r.yaml', standalone([1, 0]))]);
  await agent.prints(READY);
  const idle = host.start('near', ['sh', '-c', `sleep 30 | nc ${FAR} ${FAR_PORT}`]);
  await carries(host);
  agent.child.kill('SIGTERM');
  await sleep(700);
  t.equal(agent.child.exitCode, null, 'it waits for the open connection');
  const watch = startWatch();
  t.equal(await end(agent, 'SIGINT'), 0);
  t.ok(watch.quietMs() < 3_000);
  idle.child.kill();
});

t.test('the drain ends at its deadline', async (t) => {
  const host = await makeHost(t);
  const config = host.file('agent.yaml', 'drainSeconds: 1\n');
  const agent = host.agent(['--config', config, '--standalone', host.file('r.yaml', standalone([1, 0]))]);
  await agent.prints(READY);
  const idle = host.start('near', ['sh', '-c', `sleep 30 | nc ${FAR} ${FAR_PORT}`]);
  await carries(host);
  const watch = startWatch();
  t.equal(await end(agent), 0);
  t.ok(watch.ms() > 900 && watch.quietMs() < 5_000, `${watch.ms()} ms`);
  idle.child.kill();
});

t.test('each port that is taken is one sentence, and no rule is left', async (t) => {
  const host = await makeHost(t);
  const files = host.file('r.yaml', standalone([1, 0]));
  const before = await host.firewall();
  const ports = { outbound: 15001, inbound: 15006, explicit: 15080, admin: 15000, metrics: 15020 };
  for (const [name, port] of Object.entries(ports)) {
    const other = host.start('near', ['socat', `TCP-LISTEN:${port},reuseaddr,fork`, 'PIPE']);
    const taken = async (): Promise<boolean> => (await host.run('near', ['ss', '-Htln'])).stdout.includes(`:${port} `);
    await until('socat to listen', taken);
    const { status, stderr } = await host.agent(['--standalone', files]).ended;
    t.equal(status, 1);
    t.match(stderr, new RegExp(`^error: .*port ${port}.* is already in use by another program\\nhint: `));
    t.match(stderr, `ports.${name}`);
    t.equal(await host.firewall(), before);
    other.child.kill();
    await once(other.child, 'close');
  }
});

t.test('with NATS absent the agent serves the views of its last run', async (t) => {
  const host = await makeHost(t);
  const state = join(host.folder, 'state');
  mkdirSync(state);
  const cluster = { service: 'default/web', port: 80, protocol: 'auto', loadBalancer: 'LeastRequest' } as const;
  const endpoints = [{ ip: FAR, port: FAR_PORT, weight: 1, workload: 'default/web-1' }];
  const service = {
    version: exampleVersion(3),
    namespace: 'default',
    name: 'web',
    virtualIps: [VIRTUAL_IP],
    ports: [{ name: 'http', port: 80, protocol: 'auto', cluster: 'default/web:80', http: null } as const],
    clusters: { 'default/web:80': { ...cluster, endpoints } },
  };
  const entry = { namespace: 'default', name: 'web', virtualIps: [VIRTUAL_IP], ports: [80] };
  const directory = { version: exampleVersion(3), services: [entry] };
  host.file('state/views.0', encodeSnapshot('default', { directory, services: [service] }));
  const config = host.file('agent.yaml', `stateDirectory: ${state}\nnats: { servers: ["nats://${FAR}:4222"] }\n`);
  const agent = host.agent(['--config', config]);
  await agent.prints(READY);
  t.equal(await host.get(`http://${VIRTUAL_IP}/`), 'far');
  t.equal(await metric(host, /^towpath_requests_total\{.*service="default\/web".*code="200"/), 1);
  t.equal(await metric(host, /^towpath_control_connected /), 0);
  t.equal(await end(agent), 0);
});

t.test('a saved change steers the next request, and none is lost on the way', async (t) => {
  const host = await makeHost(t);
  const files = host.file('r.yaml', standalone([1, 0]));
  const agent = host.agent(['--standalone', files]);
  await agent.prints(READY);
  const script = `while [ ! -e ${host.folder}/stop ]; do curl -s -m 8 http://${VIRTUAL_IP}/ || echo failed; done`;
  const load = host.start('near', ['sh', '-c', script]);
  await until('requests', async () => load.stdout.length > 40);
  for (const weights of [
    [0, 1],
    [1, 0],
    [0, 1],
  ] as const) {
    host.file('r.yaml', standalone(weights));
    const wanted = weights[0] === 1 ? 'v1' : 'v2';
    await until(`${wanted} to answer`, async () => (await host.get(`http://${VIRTUAL_IP}/`)) === wanted);
    t.equal(await host.get(`http://${VIRTUAL_IP}/`), wanted, 'and nobody else');
  }
  host.file('r.yaml', 'kind: Nonsense\n');
  await agent.prints('are not applied');
  t.equal(await host.get(`http://${VIRTUAL_IP}/`), 'v2', 'a bad file changes nothing');
  host.file('stop', '');
  const answers = (await load.ended).stdout.trim().split('\n');
  t.ok(answers.length > 20, `${answers.length} requests`);
  t.strictSame(
    answers.filter((answer) => answer !== 'v1' && answer !== 'v2'),
    [],
  );
  t.equal(await end(agent), 0);
});

t.test('the capabilities that the systemd unit leaves are enough', async (t) => {
  const unit = readFileSync(new URL('../../systemd/towpath-agent.service', import.meta.url), 'utf8');
  const kept = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  t.ok(kept.length > 2);
  const set = ['-all', ...kept.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`)].join(',');
  const host = await makeHost(t);
  const before = await host.firewall();
  const wrapper = ['setpriv', `--bounding-set=${set}`, `--inh-caps=${set}`, '--no-new-privs', '--'];
  const agent = host.agent(['--standalone', host.file('r.yaml', standalone([0, 1]))], wrapper);
  await agent.prints(READY);
  t.equal(await host.get(`http://${VIRTUAL_IP}/`), 'v2');
  t.equal(await end(agent), 0);
  t.equal(await host.firewall(), before);
});
