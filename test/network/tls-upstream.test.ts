/** A program that speaks plain HTTP, a real nginx that speaks TLS alone, and a standalone agent between them that is told so by files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Pki } from '../unit/reactor/tls/support/pki.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { nginx } from './support/pair.ts';
import { assertSound, connections, countsExactly } from './support/traffic.ts';

const VIP = '240.240.0.20';
const folder = mkdtempSync(join(tmpdir(), 'towpath-tls-'));
const file = join(folder, 'mesh.yaml');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const pki = new Pki();
const orders = pki.issue({ subject: 'orders', names: 'DNS:orders.shop.example' });
const indented = (pem: Buffer): string => pem.toString().trimEnd().replaceAll(/^/gm, '    ');

const resources = (hostname: string, authority: Buffer | null): string => `
apiVersion: v1
kind: Service
metadata: { name: orders }
spec: { clusterIP: ${VIP}, selector: { app: orders }, ports: [{ name: http, port: 80, targetPort: 443 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: peer, labels: { app: orders } }
spec: { address: 10.77.0.3 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: orders }
spec:
  targetRefs: [{ group: "", kind: Service, name: orders, sectionName: http }]
  validation:
    hostname: ${hostname}
    caCertificateRefs: [{ group: "", kind: ConfigMap, name: authority }]
${
  authority === null
    ? ''
    : `---
apiVersion: v1
kind: ConfigMap
metadata: { name: authority }
data:
  ca.crt: |
${indented(authority)}
`
}`;

const plain = nginx(
  `server { listen 443 ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.3;
    location / { return 200 "$ssl_protocol $ssl_server_name $ssl_session_reused\\n"; } }`,
  443,
);
const secured = {
  ...plain,
  files: { ...plain.files, 'cert.pem': orders.certificate.toString(), 'key.pem': orders.key.toString() },
};
const TOPOLOGY = { hosts: { own: { agent: { standalone: [file] } }, peer: { programs: [secured] } } };

const curl = (lab: TestLab): Promise<string> =>
  lab.run('own', ['curl', '-s', '-m', '5', '-w', '%{http_code}', `http://${VIP}/`]);

t.setTimeout(120_000);
writeFileSync(file, resources('orders.shop.example', pki.ca.certificate));

await withLab(TOPOLOGY, async (lab) => {
  await t.test('the program speaks HTTP, the server hears TLS with the name of the policy', async (t) => {
    const once = { ...connections(1, 'http1'), requests: { 200: 1 } };
    await countsExactly(t, lab, { 'own outbound': once }, async () => {
      t.equal(await curl(lab), 'TLSv1.3 orders.shop.example .\n200');
    });
    const direct = await lab.run('own', [
      'curl',
      '-sk',
      '-m',
      '5',
      '--resolve',
      'orders.shop.example:443:10.77.0.3',
      'https://orders.shop.example/',
    ]);
    t.match(direct, /^TLSv1\.3 orders\.shop\.example/, 'what a program puts into TLS itself passes as it is');
  });

  await t.test('a certificate for another name is answered 503 UF with the reason, and counted', async (t) => {
    writeFileSync(file, resources('users.shop.example', pki.ca.certificate));
    const answer = await lab.waitFor('the refusal', 20_000, async () => {
      const text = await curl(lab);
      return text.endsWith('503') && text;
    });
    t.match(answer, /the certificate of CN=orders is for DNS:orders\.shop\.example, not for users\.shop\.example/);
    const refused = { ...connections(1, 'http1'), requests: { '503 UF': 1 } };
    await countsExactly(t, lab, { 'own outbound': refused }, async () => {
      await curl(lab);
    });
  });

  await t.test('without its certificates the policy still holds: nothing goes out in plain text', async (t) => {
    writeFileSync(file, resources('orders.shop.example', null));
    const answer = await lab.waitFor('the refusal', 20_000, async () => {
      const text = await curl(lab);
      return text.includes('ConfigMap') && text;
    });
    t.match(answer, /the ConfigMap default\/authority with ca\.crt does not exist/);
    writeFileSync(file, resources('orders.shop.example', pki.ca.certificate));
    await lab.waitFor('the corrected file', 20_000, async () => (await curl(lab)).endsWith('200'));
  });

  await t.test('the agent is sound at the end', async (t) => assertSound(t, lab, ['own']));
});
