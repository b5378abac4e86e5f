import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { readCertificateRequest } from '../../../../src/control/ca/x509.ts';
import { runCommand } from '../../../../src/intercept/run-command.ts';
import { DAY_MS, makeIntermediate, makeRoot, makeSvid, SVID_DEFECTS } from '../../../helpers/make-svid.ts';

const ID = 'spiffe://example.org/ns/shop/sa/web';

t.test('a chain of root, intermediate and leaf holds', async (t) => {
  const root = await makeRoot();
  const between = await makeIntermediate(root);
  const leaf = await makeSvid(between, ID);
  const [top, middle, end] = [root.certificate, between.certificate, leaf.certificate].map(
    (pem) => new X509Certificate(pem),
  );
  if (top === undefined || middle === undefined || end === undefined) throw new Error('three certificates');
  t.ok(top.checkIssued(top) && top.verify(root.publicKey) && top.ca, 'the root signs itself');
  t.ok(middle.checkIssued(top) && middle.verify(root.publicKey) && middle.ca, 'the root signs the intermediate');
  t.ok(end.checkIssued(middle) && end.verify(between.publicKey), 'the intermediate signs the leaf');
  t.notOk(end.ca);
  t.equal(end.subjectAltName, `URI:${ID}`);
  t.equal(end.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.equal(leaf.chain, leaf.certificate + between.certificate, 'the root is not in the chain');
  t.ok(end.checkPrivateKey(between.privateKey) === false && leaf.key.startsWith('-----BEGIN PRIVATE KEY-----'));
  t.ok(Math.abs(Date.parse(end.validTo) - Date.now() - DAY_MS) < 60_000, 'it holds for a day');
});

t.test('two roots of one name have two keys', async (t) => {
  const [one, two] = [await makeRoot(), await makeRoot()];
  const leaf = new X509Certificate((await makeSvid(two, ID)).certificate);
  t.notOk(leaf.verify(one.publicKey));
  t.ok(leaf.verify(two.publicKey));
});

t.test('each defect is in the certificate', async (t) => {
  const root = await makeRoot();
  for (const [name, changes] of Object.entries(SVID_DEFECTS)) {
    const good = new X509Certificate((await makeSvid(root, ID)).certificate);
    const bad = new X509Certificate((await makeSvid(root, ID, changes)).certificate);
    t.ok(bad.verify(root.publicKey), `${name}: signed by the root`);
    t.not(bad.toString(), good.toString(), name);
    if ('uris' in changes) {
      const names = bad.subjectAltName ?? '';
      t.equal(names.split('URI:').length - 1, changes.uris.length, `${name}: ${names.slice(0, 80)}`);
    }
  }
  const expired = new X509Certificate((await makeSvid(root, ID, SVID_DEFECTS.expired)).certificate);
  t.ok(Date.parse(expired.validTo) < Date.now());
  t.ok(new X509Certificate((await makeSvid(root, ID, SVID_DEFECTS.caCertificate)).certificate).ca);
});

t.test('keys of other kinds can be made for tests', async (t) => {
  const root = await makeRoot();
  const rsa = new X509Certificate((await makeSvid(root, ID, { keyType: 'RSA-2048' })).certificate);
  t.equal(rsa.publicKey.asymmetricKeyType, 'rsa');
  const curve = new X509Certificate((await makeSvid(root, ID, { keyType: 'P-384' })).certificate);
  t.equal(curve.publicKey.asymmetricKeyDetails?.namedCurve, 'secp384r1');
});

async function openSslRequest(dir: string, curve: string): Promise<string> {
  const args = ['req', '-new', '-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-nodes', '-subj', '/'];
  const names = ['-addext', `subjectAltName=URI:${ID},DNS:web`, '-keyout', `${dir}/key.pem`];
  const { stdout } = await runCommand('openssl', [...args, ...names]);
  return stdout;
}

t.test('a request made by openssl is read', async (t) => {
  const read = await readCertificateRequest(await openSslRequest(t.testdir(), 'P-256'));
  t.ok(read.ok);
  if (read.ok) t.same(read.value.uris, [ID]);
});

t.test('requests that prove nothing are refused', async (t) => {
  const good = await openSslRequest(t.testdir(), 'P-256');
  const lines = good.trim().split('\n');
  const body = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
  const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['empty', '', /not a certificate request/],
    ['no PEM', 'hello', /not a certificate request/],
    ['a certificate', (await makeRoot()).certificate, /not a certificate request/],
    ['too long', `${good}${'\n'.repeat(9000)}`, /longer than 8192/],
    ['another signature', changed, /signature/],
    ['another curve', await openSslRequest(t.testdir(), 'P-384'), /P-256/],
  ];
  for (const [name, pem, expected] of cases) {
    const read = await readCertificateRequest(pem);
    t.match(read.ok ? 'accepted' : read.error, expected, name);
  }
});
