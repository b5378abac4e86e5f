import { join } from 'node:path';
import t from 'tap';
import { runCli } from '../../../src/cli/run-cli.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const YAML = `
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders}, ports: [{port: 80, targetPort: 8080, appProtocol: http}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: o1, namespace: shop}
spec: {address: 10.0.0.1, labels: {app: orders}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
    - {name: api, timeouts: {request: 2s}, matches: [{path: {value: /api}, headers: [{name: x, value: "1"}]}]}
`;
const folder = t.testdir({ 'all.yaml': YAML, 'bad.yaml': 'kind: [' });
const file = join(folder, 'all.yaml');

async function explain(...args: readonly string[]) {
  const { io, written } = recordingIo();
  const status = await runCli(['explain', ...args], io);
  return { status, ...written };
}

t.test('by files: every step of the decision, in words', async (t) => {
  const ran = await explain('GET', 'http://orders.shop/api/1?a=b', '-H', 'X: 1', '-f', file);
  t.equal(ran.status, 0, ran.err);
  t.equal(
    ran.out,
    `request    GET orders.shop/api/1?a=b
target     shop/orders port 80 (http1), producer routes, view 1/1
tried      match shop/r/api: path PathPrefix /api yes, header x = 1 yes
so         rule api of shop/r decides
rule       shop/r/api
           requestTimeoutMs: 2000
backend    shop/orders:80, 100 %
           loadBalancer: LeastRequest
           - 10.0.0.1:8080 (shop/o1) weight 1
`,
  );
});

t.test('a refusal says which condition is to blame, and is a negative answer', async (t) => {
  const ran = await explain('GET', 'http://orders.shop/api', '-f', file);
  t.match(ran, { status: 1, out: /tried +no +shop\/r\/api: path PathPrefix \/api yes, header x = 1 NO\nso +no rule/ });
  t.match(await explain('GET', 'http://orders.shop:81/', '-f', file), { status: 1, out: /has no port 81/ });
  t.match(JSON.parse((await explain('GET', 'http://orders.shop/', '-f', file, '-o', 'json')).out), {
    target: { service: 'shop/orders' },
    tried: [{ matches: false }],
  });
});

t.test('wrong words, wrong files, no agent', async (t) => {
  for (const [args, status, sentence] of [
    [['GET'], 2, /say METHOD and URL/],
    [['GET', 'https://orders.shop/'], 2, /must be like http:/],
    [['GET', 'http://orders.shop/a b'], 2, /path: must begin with/],
    [['G ET', 'http://orders.shop/'], 2, /method: must be one word/],
    [['GET', 'http://a/', '-H', 'x'], 2, /-H must be like/],
    [['GET', 'http://a/', '-f', file, '--host', 'b'], 2, /not both/],
    [['GET', 'http://a/', '--host', 'B C'], 2, /host id/],
    [['GET', 'http://a/', '-f', join(folder, 'bad.yaml')], 1, /bad\.yaml: line/],
    [['GET', 'http://a/', '-f', file, '-H', 'Content-Length: x'], 0, /^$/],
    [['GET', 'http://orders.shop/', '-f', file, '-H', 'Content-Length: x'], 1, /the proxy refuses such a request/],
    [['GET', 'http://a/', '--admin-port', '1'], 1, /no agent answers on 127\.0\.0\.1 port 1/],
    [['GET', 'http://a/', '--host', 'b', '--server', 'nats://127.0.0.1:1'], 1, /no NATS server/],
  ] as const) {
    const ran = await explain(...args);
    t.equal(ran.status, status, args.join(' '));
    t.match(ran.err, sentence);
  }
});
