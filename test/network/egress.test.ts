/**
 * What lies outside the mesh, for a program that may reach services only: ServiceEntries by name, address and wildcard, and everything
 * else refused. Connections of a service that are routed as a whole.
 */
import { join } from 'node:path';
import t from 'tap';
import { AgentHost, FAR, FAR_PORT } from './support/agent-host.ts';

t.setTimeout(120_000);

const RESOLVER = join(import.meta.dirname, 'support/programs/dns-resolver.ts');
const AGENT = `
host: near
address: 10.9.0.1
workloads: [{ name: web, namespace: shop, labels: { app: web }, ports: { http: 7000 } }]
`;

const entry = (name: string, spec: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;
const version = (name: string, port: number): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: { app: ${name} }, ports: [{ name: tcp, port: 90 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { address: ${FAR}, ports: { tcp: ${port} } }
`;
const MESH = [
  entry(
    'vendor',
    `{ hosts: [api.vendor.example.org], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS,
       endpoints: [{ address: ip-10-9-0-2.example.org, ports: { http: ${FAR_PORT} } }] }`,
  ),
  entry(
    'range',
    '{ hosts: [range.internal], addresses: [10.9.0.0/24], ports: [{ number: 8081, name: http, protocol: HTTP }] }',
  ),
  entry('wild', "{ hosts: ['*.wild.example.org'], ports: [{ number: 8082, name: http, protocol: HTTP }] }"),
  version('v1', 8081),
  version('v2', 8082),
  `
apiVersion: v1
kind: Service
metadata: { name: split, namespace: shop }
spec: { ports: [{ name: tcp, port: 90 }] }
`,
  `
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: { name: split, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: split }]
  rules: [{ backendRefs: [{ name: v1, port: 90 }, { name: v2, port: 90 }] }]
`,
  `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: shop }
spec: { outboundTrafficPolicy: { mode: REGISTRY_ONLY } }
`,
].join('---\n');

t.test('egress of one host', async (t) => {
  const host = await AgentHost.make(32);
  t.teardown(() => host.close());
  const resolver = host.start('far', [process.execPath, RESOLVER, FAR]);
  await resolver.prints('listening');
  const resolv = host.file('resolv.conf', `nameserver ${FAR}\noptions timeout:2 attempts:1\n`);
  const inHost = ['sh', '-c', `mount --bind ${resolv} /etc/resolv.conf && exec "$@"`, 'sh'];
  const files = ['--config', host.file('agent.yaml', AGENT), '--standalone', host.file('mesh.yaml', MESH)];
  const agent = host.agent(files, inHost);
  await agent.prints('the agent is ready');
  const curl = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout } = await host.run('near', [...inHost, 'curl', '-sS', '-m', '8', ...args]);
    return status === 0 ? stdout.trim() : `curl failed with ${status}`;
  };
  const metric = async (pattern: RegExp): Promise<number> => {
    const { stdout } = await host.run('near', ['curl', '-sf', 'http://127.0.0.1:15020/metrics']);
    return stdout.split('\n').reduce((sum, line) => sum + (pattern.test(line) ? Number(line.split(' ').at(-1)) : 0), 0);
  };

  await t.test('a ServiceEntry by name: resolved by us, its endpoint resolved by the agent', async (t) => {
    t.equal(await curl('http://api.vendor.example.org/'), 'far');
    t.notMatch(resolver.stdout, / api\.vendor\.example\.org /, 'its resolver never heard of the host');
    t.match(resolver.stdout, / ip-10-9-0-2\.example\.org /);
    t.equal(await metric(/^towpath_requests_total\{.*service="shop\/vendor".*code="200"/), 1);
  });

  await t.test('a ServiceEntry by range keeps the address that was dialled', async (t) => {
    t.equal(await curl(`http://${FAR}:8081/`), 'v1');
    t.equal(await metric(/^towpath_requests_total\{.*service="shop\/range".*code="200"/), 1);
  });

  await t.test('a host below a wildcard is let out to where it was going', async (t) => {
    t.equal(await curl('--resolve', `a.wild.example.org:8082:${FAR}`, 'http://a.wild.example.org:8082/'), 'v2');
    t.match(
      await curl('--resolve', `a.example.org:8082:${FAR}`, 'http://a.example.org:8082/'),
      /a\.example\.org is no service/,
    );
  });

  await t.test('everything else is refused: 502 for requests, a reset for bytes', async (t) => {
    t.equal(await curl('-o', '/dev/null', '-w', '%{http_code}', `http://${FAR}:${FAR_PORT}/`), '502');
    const bytes = await host.run('near', [
      'sh',
      '-c',
      `printf 'SSH-2.0-x\\r\\n' | socat -t3 - TCP4:${FAR}:${FAR_PORT}`,
    ]);
    t.equal(bytes.stdout, '', 'the server would have answered 400');
    t.equal(await metric(/^towpath_egress_refused_total/), 3);
  });

  await t.test('connections are split by the weights of a TCPRoute', async (t) => {
    const heard = new Set<string>();
    for (let i = 0; i < 24; i++) heard.add(await curl('http://split.shop:90/'));
    t.same([...heard].sort(), ['v1', 'v2']);
    t.equal(await metric(/^towpath_routed_connections_total\{.*route="shop\/split\/0"/), 24);
  });
});
