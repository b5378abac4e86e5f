import t from 'tap';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';
import { findHost } from '../../../src/lab/lab-plan.ts';
import { planLab } from '../../../src/lab/plan.ts';
import { renderHostsFile } from '../../../src/lab/render-hosts-file.ts';
import { renderNetwork } from '../../../src/lab/render-network.ts';
import { decodeTopology, type Topology } from '../../../src/lab/topology.ts';

function topology(value: object): Topology {
  const decoded = decodeTopology(value, 'test');
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value;
}

const TOWPATH = ['/opt/towpath/bin/towpath'];
const SHOP = topology({
  control: 'hub',
  hosts: {
    hub: {},
    shop: {
      agent: {
        config: {
          host: 'ignored',
          workloads: [{ namespace: 'shop', name: 'web', ports: { http: 80 } }],
        },
      },
    },
    six: { families: ['ipv6'], agent: {} },
  },
});
const PLAN = planLab(SHOP, 'demo', '/run/towpath-lab/demo', TOWPATH);

t.test('hosts get consecutive addresses of their families, folders and namespaces of their own', async (t) => {
  t.match(PLAN.hosts, [
    {
      namespace: 'towpath.demo.hub',
      bridgePort: 'p0',
      ipv4: { address: '10.77.0.2', prefix: 24 },
      ipv6: { address: 'fd77::2', prefix: 64 },
    },
    { namespace: 'towpath.demo.shop', bridgePort: 'p1', folder: '/run/towpath-lab/demo/hosts/shop' },
    { namespace: 'towpath.demo.six', ipv4: null, ipv6: { address: 'fd77::4' } },
  ]);
  t.equal(PLAN.bridgeNamespace, 'towpath.demo');
});

t.test('the control host runs NATS and control, hosts with an agent section run an agent', async (t) => {
  t.same(
    PLAN.hosts.map((host) => host.programs.map((program) => program.name)),
    [['nats', 'control'], ['agent'], ['agent']],
  );
});

t.test('the generated agent file is one the agent accepts, with what only the lab knows', async (t) => {
  for (const [host, server] of [
    ['shop', 'nats://10.77.0.2:4222'],
    ['six', 'nats://[fd77::2]:4222'],
  ] as const) {
    const text = findHost(PLAN, host)?.programs[0]?.files['agent.yaml'] ?? '';
    const config = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'machine');
    t.match(config, {
      ok: true,
      value: {
        host,
        mesh: 'default',
        nats: { servers: [server] },
        stateDirectory: `/run/towpath-lab/demo/hosts/${host}/agent/state`,
      },
    });
  }
});

t.test('a standalone agent is given its files and no NATS server', async (t) => {
  const alone = topology({ hosts: { one: { agent: { standalone: ['/x/a.yaml', '/x/b.yaml'] } } } });
  const program = planLab(alone, 'demo', '/run/x', TOWPATH).hosts[0]?.programs[0];
  t.same(program?.command, [...TOWPATH, 'agent', '--config', 'agent.yaml', '--standalone', '/x/a.yaml', '/x/b.yaml']);
  t.notMatch(program?.files['agent.yaml'], /nats/);
});

t.test('the network is made from the bridge namespace out, without a route to anywhere else', async (t) => {
  const [bridge, hub, , six] = renderNetwork(PLAN);
  t.equal(bridge?.namespace, 'towpath.demo');
  t.match(bridge?.batch, /link add p1 type veth peer name eth0 netns towpath\.demo\.shop\nlink set p1 master br0 up\n/);
  t.match(hub?.batch, 'address add 10.77.0.2/24 dev eth0\naddress add fd77::2/64 dev eth0 nodad\nlink set eth0 up\n');
  t.notMatch(
    renderNetwork(PLAN)
      .map((setup) => setup.batch)
      .join(''),
    /default|0\.0\.0\.0\/0|::\/0/,
  );
  t.notMatch(six?.batch, /\d\.\d/, 'an IPv6-only host has no IPv4 address and no IPv4 route');
});

t.test('a host resolves what it has the family for', async (t) => {
  const services = [{ namespace: 'shop', name: 'orders', virtualIps: ['240.240.0.1', 'fd00:240::1'] }];
  const file = (name: string): string => {
    const host = findHost(PLAN, name);
    return host === null ? '' : renderHostsFile(PLAN, host, services);
  };
  t.match(file('shop'), '10.77.0.2 hub\nfd77::2 hub\n10.77.0.3 shop\nfd77::3 shop\nfd77::4 six\n');
  t.match(file('shop'), '240.240.0.1 orders.shop\nfd00:240::1 orders.shop\n');
  t.notMatch(file('six').replace('127.0.0.1', ''), /\d+\.\d+\.\d+\.\d+/);
});
