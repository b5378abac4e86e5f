/** A program that uses the agent as its HTTP proxy, or calls it with the name of a service, instead of being intercepted. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type TestLab, withLab } from './support/lab.ts';
import { nginx } from './support/pair.ts';
import { assertSound, countsExactly, NOTHING, type SideTraffic } from './support/traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-explicit-'));
const file = join(folder, 'mesh.yaml');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const service = (name: string, namespace: string, ports: string, more = ''): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [${ports}] ${more} }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { address: 10.77.0.3 }
---`;

const RESOURCES = [
  service('web', 'shop', '{ port: 80, targetPort: 8000, appProtocol: http }', ', clusterIP: 240.240.0.10'),
  service('modern', 'shop', '{ port: 8080, targetPort: 8001, appProtocol: kubernetes.io/h2c }'),
  service('rpc', 'shop', '{ port: 50051, targetPort: 8001, appProtocol: grpc }'),
  service('secure', 'shop', '{ port: 443, targetPort: 8443, appProtocol: https }'),
  service('cache', 'bank', '{ port: 6379, appProtocol: redis }'),
  `
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: bank }
spec: { selector: { app: nobody }, ports: [{ port: 80 }] }
---`,
  `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: web }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /slow } }]
      timeouts: { request: 200ms }
      backendRefs: [{ name: web, port: 80 }]
    - filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-route, value: main }] } }]
      backendRefs: [{ name: web, port: 80 }]
`,
].join('\n');

function certificate(): { readonly 'key.pem': string; readonly 'cert.pem': string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=secure.shop',
  ];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { 'key.pem': readFileSync(key, 'utf8'), 'cert.pem': readFileSync(cert, 'utf8') };
}

const HTTP = `
  server {
    listen 8000;
    location / { return 200 "$request|$host|$http_x_route|$http_proxy_authorization|\\n"; }
    location /slow { proxy_pass http://10.77.0.99:9; }
  }
  server { listen 8001 http2; location / { return 200 "$server_protocol|$host|$request_uri\\n"; } }
  server { listen 8443 ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; location / { return 200 "secure\\n"; } }
`;
const program = nginx(HTTP, 8000);
const TOPOLOGY = {
  hosts: {
    own: {
      agent: { standalone: [file], config: { workloads: [{ name: 'own', namespace: 'shop', ports: { http: 9000 } }] } },
    },
    peer: {
      programs: [
        { ...program, files: { ...program.files, ...certificate() } },
        {
          name: 'redis',
          command: ['redis-server', '--port', '6379', '--bind', '*', '--protected-mode', 'no'],
          ready: { port: 6379 },
        },
      ],
    },
  },
};

const PROXY = 'http://127.0.0.1:15080';
const curl = (lab: TestLab, ...args: string[]): Promise<string> => lab.run('own', ['curl', '-sS', '-m', '10', ...args]);

/** What the agent counts of `connections` in explicit mode that end well. */
function explicit(connections: number, requests: SideTraffic['requests'], verdict = 'http1'): SideTraffic {
  return {
    opened: connections,
    closed: { [`${verdict} closed`]: connections },
    verdicts: { [`${verdict} explicit`]: connections },
    requests,
  };
}

const counts = (t: Test, lab: TestLab, outbound: SideTraffic, act: () => Promise<void>) =>
  countsExactly(t, lab, { 'own outbound': outbound, 'own inbound': NOTHING }, act);

t.setTimeout(120_000);
writeFileSync(file, RESOURCES);

await withLab(TOPOLOGY, async (lab) => {
  await t.test('as HTTP proxy and with Host: every name of a service, its policies, its virtual IP', async (t) => {
    const names = ['web', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'web.shop:80', '240.240.0.10'];
    await counts(t, lab, explicit(2 * names.length, { 200: 2 * names.length }), async () => {
      for (const name of names) {
        const host = name.replace(/:\d+$/, '');
        t.equal(await curl(lab, '-x', PROXY, `http://${name}/a?b`), `GET /a?b HTTP/1.1|${host}|main||\n`, `-x ${name}`);
        t.equal(await curl(lab, '-H', `Host: ${name}`, `${PROXY}/a?b`), `GET /a?b HTTP/1.1|${host}|main||\n`, name);
      }
    });
    await counts(t, lab, explicit(2, { 200: 2 }), async () => {
      const env = `http_proxy=http://user:secret@127.0.0.1:15080 curl -sS http://web/`;
      t.equal(await lab.shell('own', env), 'GET / HTTP/1.1|web|main||\n', 'credentials for a proxy go no further');
      t.equal(await curl(lab, '-g', '-H', 'Host: web', 'http://[::1]:15080/'), 'GET / HTTP/1.1|web|main||\n');
    });
    await counts(t, lab, explicit(1, { '504 UT': 1 }), async () => {
      t.match(await curl(lab, '-x', PROXY, 'http://web/slow'), /no complete answer within 200 ms/);
    });
  });

  await t.test('HTTP/1.1 is converted to what the service speaks, and HTTP/2 too', async (t) => {
    await counts(t, lab, explicit(3, { 200: 3 }), async () => {
      t.equal(await curl(lab, '-x', PROXY, 'http://modern/a?b'), 'HTTP/2.0|modern|/a?b\n', 'its only port is 8080');
      t.equal(await curl(lab, '-H', 'Host: rpc.shop', `${PROXY}/x`), 'HTTP/2.0|rpc.shop|/x\n');
      t.equal(await curl(lab, '-d', 'body', '-H', 'Host: modern:8080', `${PROXY}/`), 'HTTP/2.0|modern|/\n');
    });
    await counts(t, lab, explicit(2, { 200: 2 }, 'http2'), async () => {
      const h2 = ['--http2-prior-knowledge', '-w', '%{http_version}'];
      t.equal(await curl(lab, ...h2, '-H', 'Host: web', `${PROXY}/a`), 'GET /a HTTP/1.1|web|main||\n2');
      t.equal(await curl(lab, ...h2, '-H', 'Host: modern', `${PROXY}/a`), 'HTTP/2.0|modern|/a\n2');
    });
  });

  await t.test('CONNECT: TLS to a service, and bytes to another', async (t) => {
    await counts(t, lab, explicit(3, { 200: 3 }), async () => {
      t.equal(await curl(lab, '-k', '-x', PROXY, 'https://secure.shop/'), 'secure\n');
      t.equal(
        await curl(lab, '-k', '-x', PROXY, 'https://10.77.0.3:8443/'),
        'secure\n',
        'an address, as if intercepted',
      );
      const redis = `printf 'SET a b\\r\\nGET a\\r\\nQUIT\\r\\n' | curl -sS -m 5 -p -x ${PROXY} telnet://cache.bank:6379`;
      t.equal(await lab.shell('own', redis), '+OK\r\n$1\r\nb\r\n+OK\r\n');
    });
    t.equal(
      await lab.counter('own', 'towpath_requests_total', { service: 'bank/cache', endpoint: '10.77.0.3:6379' }),
      1,
    );
  });

  await t.test('what is no service is reached as it would be without a mesh', async (t) => {
    await lab.shell('own', 'getent hosts peer');
    await counts(t, lab, explicit(3, { 200: 3 }), async () => {
      t.equal(await curl(lab, '-x', PROXY, 'http://10.77.0.3:8000/'), 'GET / HTTP/1.1|10.77.0.3|||\n');
      t.equal(
        await curl(lab, '-x', PROXY, 'http://peer:8000/'),
        'GET / HTTP/1.1|peer|||\n',
        'a name of the hosts file',
      );
      t.equal(await curl(lab, '-k', '-x', PROXY, 'https://peer:8443/'), 'secure\n');
    });
  });

  await t.test('what cannot be found or reached is said in one sentence', async (t) => {
    const said: [status: string, sentence: RegExp, ...args: string[]][] = [
      ['404 NR', /there is no service wbe\.shop\.svc; did you mean web\.shop\?/, '-x', PROXY, 'http://wbe.shop.svc/'],
      ['404 NR', /port 6379 of cache\.bank speaks tcp, not HTTP/, '-x', PROXY, 'http://cache.bank:6379/'],
      ['404 NR', /web\.shop has no port 81/, '-x', PROXY, 'http://web:81/'],
      ['503 UH', /bank\/empty:80 has no ready endpoint/, '-x', PROXY, 'http://empty/'],
      ['400 DPE', /127\.0\.0\.1:15080 is this proxy itself/, `${PROXY}/`],
      ['400 DPE', /is this proxy itself/, '-x', PROXY, 'http://localhost:15080/'],
      ['503 UF', /cannot connect to 10\.77\.0\.3:7/, '-x', PROXY, 'http://10.77.0.3:7/'],
    ];
    for (const [status, sentence, ...args] of said) {
      await counts(t, lab, explicit(1, { [status]: 1 }), async () => {
        t.match(await curl(lab, ...args), sentence);
      });
    }
    const { exitCode, stderr } = await lab.exec('own', ['curl', '-sS', '-p', '-x', PROXY, 'http://web:81/']);
    t.equal(exitCode, 56);
    t.match(stderr, /response 404/, 'CONNECT');
  });

  await t.test('other hosts have no business here', async (t) => {
    const { exitCode } = await lab.exec('peer', [
      'curl',
      '-sS',
      '-m',
      '5',
      '-H',
      'Host: web',
      'http://10.77.0.2:15080/',
    ]);
    t.equal(exitCode, 7, 'connection refused');
  });

  await t.test('the agent is sound at the end', async (t) => assertSound(t, lab, ['own']));
});
