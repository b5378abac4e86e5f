import t from 'tap';
import { inboundViews, linkedWorkload, localWorkloads } from '../../../src/agent/local-workloads.ts';
import type { AgentConfig } from '../../../src/config/agent-config.ts';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';

function config(text: string): AgentConfig {
  const parsed = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const TWO = `
workloads:
  - { name: a, namespace: shop, labels: { app: a }, ports: { http: 80, admin: { port: 81, appProtocol: tcp } }, weight: 2 }
  - { name: b, address: 10.9.9.9, ports: { http: 80 } }
`;

t.test('a workload registers its own address, else the one of the file, else the one of the host', async (t) => {
  const addresses = (text: string, host: string | null): string[] =>
    localWorkloads(config(text), host).map((w) => w.address);
  t.strictSame(addresses(TWO, '10.0.0.1'), ['10.0.0.1', '10.9.9.9']);
  t.strictSame(addresses(`address: 10.0.0.2\n${TWO}`, '10.0.0.1'), ['10.0.0.2', '10.9.9.9']);
  t.throws(() => addresses(TWO, null), { message: 'workloads[0].address: this host has no address' });
});

t.test('a workload has its own locality, else that of its host, and its group', async (t) => {
  const text = `
workloads:
  - { name: a, ports: { http: 80 }, locality: eu/b, group: cart.v1 }
  - { name: b, ports: { http: 80 } }
`;
  const [first, second] = localWorkloads(config(`locality: eu/a/rack1${text}`), '10.0.0.1');
  if (first === undefined || second === undefined) throw new Error('no workload');
  t.match(linkedWorkload(first, true, 'eu/a/rack1'), { locality: 'eu/b', group: 'cart.v1' });
  t.match(linkedWorkload(second, true, 'eu/a/rack1'), { locality: 'eu/a/rack1', group: undefined });
});

t.test('what is registered and what labels the inbound side', async (t) => {
  const [first] = localWorkloads(config(TWO), '10.0.0.1');
  if (first === undefined) throw new Error('no workload');
  t.strictSame(linkedWorkload(first, false, null), {
    namespace: 'shop',
    name: 'a',
    labels: { app: 'a' },
    address: '10.0.0.1',
    ports: { http: 80, admin: 81 },
    weight: 2,
    healthy: false,
  });
  t.strictSame(inboundViews(config(TWO))[0], {
    namespace: 'shop',
    name: 'a',
    ports: [
      { name: 'http', port: 80, protocol: 'auto' },
      { name: 'admin', port: 81, protocol: 'tcp' },
    ],
  });
});
