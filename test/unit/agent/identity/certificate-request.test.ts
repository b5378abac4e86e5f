import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { certificateRequest } from '../../../../src/agent/identity/certificate-request.ts';
import { readCertificateRequest } from '../../../../src/control/ca/x509.ts';
import { runCommand } from '../../../../src/intercept/run-command.ts';

const ID = 'spiffe://example.org/ns/shop/sa/web';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

t.test('control reads the request, and its signature holds', async (t) => {
  for (const id of [ID, `spiffe://example.org/ns/shop/sa/${'a'.repeat(253)}`]) {
    const read = await readCertificateRequest(certificateRequest(privateKey, id));
    t.ok(read.ok, id);
    if (read.ok) t.same(read.value.uris, [id]);
  }
});

t.test('openssl reads it too', async (t) => {
  const { stdout, stderr, exitCode } = await runCommand(
    'openssl',
    ['req', '-verify', '-noout', '-text'],
    certificateRequest(privateKey, ID),
  );
  t.equal(exitCode, 0, stderr);
  t.match(stdout + stderr, /verify OK/i);
  t.match(stdout, `URI:${ID}`);
  t.match(stdout, /prime256v1/);
});
