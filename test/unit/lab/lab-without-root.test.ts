/** What of the lab can be tested without root: refusals before anything is made, and the pure parts. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import t from 'tap';
import { decodeServices } from '../../../src/lab/apply-resources.ts';
import { bringUpLab } from '../../../src/lab/bring-up.ts';
import { requireHost, requireLab } from '../../../src/lab/change-program.ts';
import { checkPlan } from '../../../src/lab/check-plan.ts';
import { BIN_FOLDER, DEFAULT_TOPOLOGY, findTowpath } from '../../../src/lab/find-towpath.ts';
import { commandInHost } from '../../../src/lab/host-command.ts';
import { type LabState, labFolder } from '../../../src/lab/lab-files.ts';
import { formatStatus, isHealthy, type LabStatus } from '../../../src/lab/lab-status.ts';
import { listNamespaces } from '../../../src/lab/namespaces.ts';
import { planLab } from '../../../src/lab/plan.ts';
import { hostEnvironment } from '../../../src/lab/run-in-host.ts';
import { isListening } from '../../../src/lab/start-program.ts';
import { takeDownLab } from '../../../src/lab/take-down.ts';
import { decodeTopology, readTopology, type Topology } from '../../../src/lab/topology.ts';

function topology(value: object): Topology {
  const decoded = decodeTopology(value, 'test');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value;
}

const PAIR = planLab(topology({ control: 'hub', hosts: { hub: {}, shop: { agent: {} } } }), 'x', '/run/x', ['towpath']);
const [HUB, SHOP] = PAIR.hosts;
if (HUB === undefined || SHOP === undefined) throw new Error('the plan has two hosts');

t.test('a plan with settings that the agent would refuse is refused, and nothing is made', async (t) => {
  const wrong = topology({
    control: 'hub',
    hosts: { hub: { agent: { config: { workload: [] } } } },
    resources: ['/nowhere/a.yaml'],
  });
  const message =
    /^hosts\.hub\.agent\.config: workload: unknown field; did you mean "workloads"\?\nresources: cannot be read: .*a\.yaml/;
  await t.rejects(checkPlan(planLab(wrong, 'x', '/run/x', ['towpath'])), { message });
  const options = { towpath: ['towpath'], progress: () => undefined, signal: new AbortController().signal };
  await t.rejects(bringUpLab(wrong, 'never-made', options), { message });
  t.notOk(existsSync(labFolder('never-made')));
});

t.test('a lab that is not there is said to be so', async (t) => {
  await t.rejects(requireLab('never-made'), { message: 'the lab "never-made" is not up' });
  t.same(await takeDownLab('never-made'), { existed: false, processes: 0, namespaces: 0 });
  t.same(await listNamespaces('never-made'), []);
  const state: LabState = { phase: 'up', owner: { pid: 1, startTime: '' }, plan: PAIR, running: [], services: [] };
  t.throws(() => requireHost(state, 'cache'), { message: 'the lab "x" has no host "cache"; it has hub, shop' });
});

t.test('a lab name cannot leave its folder', async (t) => {
  for (const name of ['', '..', 'a/b', 'a.b', 'A', '-a', 'a'.repeat(31)])
    t.throws(() => labFolder(name), {
      message: `"${name}" is no lab name: use up to 30 lower-case letters, digits and "-"`,
    });
  t.equal(labFolder('t-1-2'), '/run/towpath-lab/t-1-2');
});

t.test('commands run in the namespace of their host, as root or as another account', async (t) => {
  t.same(commandInHost(SHOP, ['curl', '-s'], null), ['ip', 'netns', 'exec', 'towpath.x.shop', 'curl', '-s']);
  t.equal(
    commandInHost(SHOP, ['redis-server'], 'redis').join(' '),
    'ip netns exec towpath.x.shop setpriv --reuid redis --regid redis --init-groups -- redis-server',
  );
});

t.test('towpath and nats find the mesh from inside a host', async (t) => {
  t.same(hostEnvironment(PAIR, SHOP, { PATH: '/bin', A: 'b' }, '/opt/towpath/bin'), {
    A: 'b',
    PATH: '/opt/towpath/bin:/bin',
    TOWPATH_MESH: 'default',
    TOWPATH_NATS_SERVERS: 'nats://10.77.0.2:4222',
    TOWPATH_NATS_ALLOW_OPEN: 'true',
    NATS_URL: 'nats://10.77.0.2:4222',
  });
  t.match(hostEnvironment(PAIR, HUB, {}, '/b'), { NATS_URL: 'nats://127.0.0.1:4222' });
});

t.test('the shipped topologies can be read, and their agents accept their settings', async (t) => {
  for (const file of [DEFAULT_TOPOLOGY, DEFAULT_TOPOLOGY.replace('shop.yaml', 'ipv6.yaml')]) {
    await checkPlan(planLab(await readTopology(file), 'x', '/run/x', findTowpath()));
    t.pass(file);
  }
  t.match(findTowpath().join(' '), /towpath/);
  t.match(BIN_FOLDER, /\/bin$/);
  await t.rejects(readTopology('/nowhere/lab.yaml'), { message: /cannot read the topology file/ });
});

t.test('services are read out of what `towpath get service` prints', async (t) => {
  const item = {
    kind: 'Service',
    metadata: { name: 'orders', namespace: 'shop', uid: 1 },
    spec: { clusterIPs: ['240.240.0.1'] },
    status: {},
  };
  t.same(decodeServices(JSON.stringify({ items: [item] })), [
    { name: 'orders', namespace: 'shop', virtualIps: ['240.240.0.1'] },
  ]);
  t.throws(() => decodeServices('{"items":[{}]}'), /towpath get service/);
});

t.test('a listening port is seen in the kernel, and a free one is not', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  t.ok(isListening(process.pid, port));
  await new Promise((resolve) => server.close(resolve));
  t.notOk(isListening(process.pid, port));
});

t.test('the status tells people what is missing', async (t) => {
  const program = { name: 'nginx', pid: 7, port: 80, log: '/l', state: 'ready' } as const;
  const host = { name: 'shop', namespace: 'n', ipv4: '10.77.0.3', ipv6: null, programs: [program] };
  const status: LabStatus = {
    name: 'x',
    phase: 'up',
    mesh: 'default',
    hosts: [host],
    services: [{ name: 'orders', namespace: 'shop', virtualIps: ['240.240.0.1'] }],
  };
  t.ok(isHealthy(status));
  t.notOk(isHealthy({ ...status, phase: 'starting' }));
  t.notOk(isHealthy({ ...status, hosts: [{ ...host, programs: [{ ...program, state: 'ended', pid: null }] }] }));
  t.equal(
    formatStatus(status),
    'lab x: up, mesh default\n\nshop             10.77.0.3\n  nginx          ready       pid 7       port 80    /l\n\n' +
      'services, as the hosts resolve them\n  orders.shop                240.240.0.1\n',
  );
});
