/** The certificate authority in control: signing, entitlement, renewal, replicas, and what survives what. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { certificateRequest } from '../../src/agent/identity/certificate-request.ts';
import type { ShowReply } from '../../src/contract/certificate-messages.ts';
import type { CertificateSettings } from '../../src/control/ca/settings.ts';
import { startIdentityAgent } from './support/identities.ts';
import { LEASE_TTL_MS, operator, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
let bus = await operator(nats.url);
const folder = mkdtempSync(join(tmpdir(), 'towpath-ca-'));
t.teardown(async () => {
  await bus.close();
  await nats.dispose();
});

const CERT = 'towpath.v1.default.control.cert';
const ID = 'spiffe://towpath.internal/ns/shop/sa/web';

function settings(name: string, changes: Partial<CertificateSettings> = {}): CertificateSettings {
  const source = { type: 'own', directory: join(folder, name) } as const;
  return { trustDomain: 'towpath.internal', lifetimeMs: 60_000, source, grants: 'open', ...changes };
}
const start = (id: string, certificates: CertificateSettings) => startControl(nats.url, id, LEASE_TTL_MS, certificates);

async function ask(subject: string, body: unknown): Promise<{ code: string; text: string; body: string }> {
  const reply = await bus.request(`${CERT}.${subject}`, JSON.stringify(body), 5_000);
  return {
    code: reply.header('Nats-Service-Error-Code'),
    text: reply.header('Nats-Service-Error'),
    body: reply.text(),
  };
}
async function show(): Promise<ShowReply> {
  return JSON.parse((await ask('show', {})).body);
}
/** Somebody hears requests to sign: this one is refused for its form. */
const signs = (): Promise<boolean> =>
  ask('sign.nobody', {}).then(
    ({ code }) => code === '400',
    () => false,
  );
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const wanted = (changes: object = {}) => ({
  namespace: 'shop',
  account: 'web',
  request: certificateRequest(key, ID),
  ...changes,
});

t.test('a root at the first start; a host gets its certificate; no key is anywhere in NATS', async (t) => {
  const control = await start('one', settings('one'));
  t.teardown(() => control.stop());
  const web = await startIdentityAgent(nats.url, 'web-1', ['web']);
  t.teardown(() => web.stop());
  await until('a certificate', () => web.current?.identities.length === 1);
  const identity = web.current?.identities[0];
  const leaf = new X509Certificate(identity?.chain ?? '');
  const root = new X509Certificate(web.current?.roots ?? '');
  t.equal(leaf.subjectAltName, `URI:${ID}`);
  t.ok(leaf.verify(root.publicKey) && root.ca);
  t.ok(Math.abs(Date.parse(leaf.validTo) - Date.now() - 60_000) < 10_000);
  const keys = readdirSync(join(folder, 'one')).filter((name) => name.endsWith('.key'));
  t.equal(keys.length, 1);
  t.equal(statSync(join(folder, 'one', keys[0] ?? '')).mode & 0o777, 0o600);
  for (const bucket of ['config', 'view', 'endpoint', 'lease', 'status', 'lock', 'join', 'trust']) {
    for (const { data } of await bus.bucket(`towpath_${bucket}`).list()) {
      t.notMatch(Buffer.from(data).toString('utf8'), /PRIVATE/, bucket);
    }
  }
  await until('control knows what the host has in force', async () =>
    (await show()).hosts.some(({ host, live, certificates }) => host === 'web-1' && live && certificates.length === 1),
  );
  const metrics = await (await fetch(`http://127.0.0.1:${control.httpPort}/metrics`)).text();
  t.match(metrics, /towpath_control_certificates_issued_total 1\n/);
  t.match(metrics, /towpath_control_root_expiration_timestamp_seconds\{root="[0-9a-f]{16}",state="active"\} \d{10}/);
  t.equal(
    (await bus.request('towpath.v1.default.control.audit.list', '{}', 5_000)).text().includes('issue-certificate'),
    true,
  );
});

t.test('who may have what', async (t) => {
  const control = await start('grants', settings('one', { grants: 'required' }));
  t.teardown(() => control.stop());
  await until('it signs', signs);
  const join = bus.bucket('towpath_join');
  const record = (changes: object) =>
    JSON.stringify({
      identities: [{ namespace: 'shop', account: 'web' }],
      groups: [],
      identityTtlMs: 86_400_000,
      host: 'h',
      publicKey: `U${'A'.repeat(55)}`,
      tokenId: 't',
      joinedMs: 1,
      revokedMs: null,
      ...changes,
    });
  t.match(await ask('sign.stranger', wanted()), {
    code: '403',
    text: /has not joined.*join-token create --for stranger/,
  });
  await join.put('host.h', record({}));
  t.match(await ask('sign.h', wanted()), { code: '', body: /BEGIN CERTIFICATE/ });
  const other = 'spiffe://towpath.internal/ns/shop/sa/admin';
  const request = certificateRequest(key, other);
  t.match(await ask('sign.h', wanted({ account: 'admin', request })), {
    code: '403',
    text: /does not allow the account admin/,
  });
  t.match(await ask('sign.h', wanted({ namespace: 'bank' })), { code: '403' }, 'the same account elsewhere');
  t.match(await ask('sign.h', wanted({ request })), { code: '400', text: /names other identities/ });
  await join.put('host.g', record({ identities: [], groups: [{ namespace: 'shop', name: 'admins' }] }));
  t.match(await ask('sign.g', wanted({ account: 'admin', request })), { code: '403' }, 'there is no such group yet');
  const group =
    '{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: admins, namespace: shop}, spec: {template: {serviceAccount: admin}}}';
  await until('control leads', () =>
    bus.request('towpath.v1.default.control.resource.apply', group, 5_000).then(
      (reply) => reply.header('Nats-Service-Error-Code') === '',
      () => false,
    ),
  );
  t.match(await ask('sign.g', wanted({ account: 'admin', request })), { code: '' }, 'the account of its group');
  await join.put('host.h', record({ revokedMs: 5 }));
  t.match(await ask('sign.h', wanted()), { code: '403', text: /was revoked/ });
  await join.put('host.h', '{"broken":');
  t.match(await ask('sign.h', wanted()), { code: '403', text: /damaged/ });
});

t.test('requests outside the schema change nothing', async (t) => {
  const control = await start('strict', settings('one'));
  t.teardown(() => control.stop());
  await until('it signs', signs);
  const before = await show();
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['no body', 'sign.h', null],
    ['more than the schema says', 'sign.s', wanted({ lifetimeMs: 1e12 })],
    ['a namespace that leaves its place', 'sign.h', wanted({ namespace: 'shop/sa/admin' })],
    ['an account that leaves its place', 'sign.h', wanted({ account: '../admin' })],
    ['no request', 'sign.s', wanted({ request: 'hello' })],
    ['no host', 'sign.UPPER', wanted()],
    ['a report without a form', 'trust.h', { version: 'x' }],
    [
      'a report of a thousand certificates',
      'trust.h',
      { version: 1, problem: null, certificates: Array(1000).fill({}) },
    ],
    ['a rotation with words', 'rotate', { now: true }],
  ];
  for (const [name, subject, body] of cases) t.match(await ask(subject, body), { code: '400' }, name);
  const after = await show();
  t.same(after.roots, before.roots);
  t.same(
    after.hosts.map(({ host }) => host),
    before.hosts.map(({ host }) => host),
  );
});

t.test(
  'renewed at half-life while control is there, kept while it is away, dropped at the end, had again',
  async (t) => {
    let control = await start('short', settings('one', { lifetimeMs: 6_000 }));
    const web = await startIdentityAgent(nats.url, 'web-2', ['web']);
    t.teardown(() => web.stop());
    await until('a certificate', () => web.current?.identities.length === 1);
    const first = web.current?.identities[0]?.notAfterMs ?? 0;
    await until('its successor', () => (web.current?.identities[0]?.notAfterMs ?? 0) > first);
    t.ok(Date.now() < first, 'before it ended');
    await control.stop();
    const last = web.current?.identities[0]?.notAfterMs ?? 0;
    await until('the end', () => web.current?.identities.length === 0);
    t.ok(Date.now() >= last, 'kept to its end');
    t.match(web.keeper.status().problem, /nobody answers|no answer/);
    control = await start('short', settings('one', { lifetimeMs: 6_000 }));
    t.teardown(() => control.stop());
    await until('another one', () => web.current?.identities.length === 1);
  },
);

t.test('a leader without the key leaves signing to the replica that has it', async (t) => {
  const holder = await start('holder', settings('one'));
  await until('it signs', signs);
  const standby = await start('standby', settings('two'));
  t.teardown(() => standby.stop());
  const rootsBefore = (await show()).roots.map(({ fingerprint }) => fingerprint);
  await holder.stop();
  const again = await start('holder', settings('one'));
  t.teardown(() => again.stop());
  // The standby has taken the lock, or takes it soon; in any case one of the two has the key.
  await until('a certificate', () =>
    ask('sign.h2', wanted()).then(
      ({ code }) => code === '',
      () => false,
    ),
  );
  t.same(
    (await show()).roots.map(({ fingerprint }) => fingerprint),
    rootsBefore,
  );
  t.same(
    readdirSync(join(folder, 'two')).filter((name) => name.endsWith('.key')),
    [],
    'it made no root of its own',
  );
});

t.test('the store is wiped: the roots are put back from the disk', async (t) => {
  const control = await start('wiped', settings('one'));
  t.teardown(() => control.stop());
  await until('it signs', signs);
  const before = await show();
  await nats.restart('wiped');
  await bus.close();
  bus = await operator(nats.url);
  await until(
    'the roots are there again',
    () =>
      show().then(
        ({ version }) => version > before.version,
        () => false,
      ),
    30_000,
  );
  t.same((await show()).roots, before.roots);
});
