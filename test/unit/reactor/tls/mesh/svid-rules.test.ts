/** The rules of X.509-SVID as a table: one field wrong at a time. */
import t from 'tap';
import {
  type IssuerReason,
  judgeIssuer,
  judgeSvid,
  type SvidFields,
  type SvidReason,
} from '../../../../../src/reactor/tls/mesh/svid-rules.ts';
import { describeIssuer, describeSvid } from '../../../../../src/reactor/tls/mesh/svid-words.ts';

const ID = 'spiffe://mesh.example/ns/shop/sa/web';
const DIGITAL_SIGNATURE = 0x80;
const KEY_ENCIPHERMENT = 0x20;
const KEY_AGREEMENT = 0x08;
const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;
const GOOD: SvidFields = {
  uris: [ID],
  malformed: false,
  isCa: false,
  keyUsage: DIGITAL_SIGNATURE,
  keyUsageCritical: true,
  extendedKeyUsage: 0x3,
};
const ANYBODY = { trustDomain: 'mesh.example', expectedIds: null };

t.test('leaves that are identities', async (t) => {
  const good: readonly (readonly [string, Partial<SvidFields>])[] = [
    ['as SPIFFE recommends', {}],
    ['without an extended key usage', { extendedKeyUsage: null }],
    ['for more than both ends', { extendedKeyUsage: 0x7 }],
    ['with an RSA key, for more than signatures', { keyUsage: DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT }],
  ];
  const answer = { ok: true, spiffeId: ID, principal: 'mesh.example/ns/shop/sa/web' };
  for (const [what, change] of good) t.same(judgeSvid({ ...GOOD, ...change }, ANYBODY), answer, what);
  t.same(judgeSvid(GOOD, { ...ANYBODY, expectedIds: ['spiffe://mesh.example/a', ID] }), answer, 'one of the expected');
});

t.test('leaves that are not, by the rule that they break', async (t) => {
  const bad: readonly (readonly [SvidReason, Partial<SvidFields>, RegExp])[] = [
    ['svid-malformed', { malformed: true }, /has an extension that cannot be read/],
    ['svid-is-ca', { isCa: true }, /is that of an authority/],
    ['svid-key-usage-missing', { keyUsage: null, keyUsageCritical: false }, /does not say what its key is for/],
    ['svid-key-usage-not-critical', { keyUsageCritical: false }, /not marked as critical/],
    ['svid-cert-sign', { keyUsage: DIGITAL_SIGNATURE | KEY_CERT_SIGN }, /keyCertSign/],
    ['svid-crl-sign', { keyUsage: DIGITAL_SIGNATURE | CRL_SIGN }, /cRLSign/],
    ['svid-digital-signature-missing', { keyUsage: KEY_AGREEMENT }, /digitalSignature/],
    ['svid-extended-key-usage', { extendedKeyUsage: 0x1 }, /not for both servers and clients/],
    ['svid-extended-key-usage', { extendedKeyUsage: 0x2 }, /not for both servers and clients/],
    ['svid-extended-key-usage', { extendedKeyUsage: 0x100 }, /not for both servers and clients/],
    ['svid-extended-key-usage', { extendedKeyUsage: 0 }, /not for both servers and clients/],
    ['svid-uri-missing', { uris: [] }, /the certificate of CN=x has no URI name/],
    ['svid-uri-several', { uris: [ID, ID] }, /has 2 URI names/],
    ['svid-uri-several', { uris: [ID, 'https://a.example/'] }, /has 2 URI names/],
    ['svid-scheme', { uris: ['https://mesh.example/ns/shop/sa/web'] }, /does not begin with spiffe:/],
    ['svid-scheme', { uris: [''] }, /does not begin with spiffe:/],
    ['svid-id-malformed', { uris: [`${ID}?a`] }, /not well formed/],
    ['svid-id-malformed', { uris: [`${ID}\n`] }, /not well formed/],
    ['svid-id-malformed', { uris: [`${ID}/`] }, /not well formed/],
    ['svid-id-malformed', { uris: ['spiffe://MESH.example/ns/shop/sa/web'] }, /not well formed/],
    ['svid-root-path', { uris: ['spiffe://mesh.example'] }, /names a trust domain, not a workload/],
    ['svid-root-path', { uris: ['spiffe://mesh.example/'] }, /names a trust domain, not a workload/],
    ['svid-trust-domain', { uris: ['spiffe://other.example/ns/shop/sa/web'] }, /not of the trust domain mesh.example/],
    ['svid-trust-domain', { uris: ['spiffe://mesh.example.evil/ns/shop/sa/web'] }, /not of the trust domain/],
  ];
  for (const [reason, change, words] of bad) {
    const fields = { ...GOOD, ...change };
    t.same(judgeSvid(fields, ANYBODY), { ok: false, reason }, JSON.stringify(change));
    t.match(describeSvid(reason, 'CN=x', fields, ANYBODY), words);
  }
});

t.test('an identity that nobody expects there is refused, and so is any where none is expected', async (t) => {
  for (const expectedIds of [[], ['spiffe://mesh.example/ns/shop/sa/we'], [`${ID}x`, ID.toUpperCase()]]) {
    const rule = { ...ANYBODY, expectedIds };
    t.same(judgeSvid(GOOD, rule), { ok: false, reason: 'svid-unexpected-id' });
    t.match(describeSvid('svid-unexpected-id', '', GOOD, rule), `the certificate of ${ID} is not for `);
  }
});

t.test('authorities between a leaf and its root', async (t) => {
  const good: SvidFields = { ...GOOD, isCa: true, keyUsage: KEY_CERT_SIGN | CRL_SIGN, uris: ['spiffe://mesh.example'] };
  const cases: readonly (readonly [IssuerReason | null, Partial<SvidFields>])[] = [
    [null, {}],
    [null, { uris: [] }],
    [null, { uris: ['https://pki.example/'] }],
    ['issuer-malformed', { malformed: true }],
    ['issuer-not-ca', { isCa: false }],
    ['issuer-key-usage', { keyUsage: CRL_SIGN }],
    ['issuer-key-usage', { keyUsage: null }],
    ['issuer-trust-domain', { uris: ['spiffe://other.example'] }],
    ['issuer-trust-domain', { uris: ['spiffe://mesh.example', 'spiffe://other.example'] }],
    ['issuer-trust-domain', { uris: ['SPIFFE://mesh.example'] }],
    ['issuer-path', { uris: [ID] }],
    ['issuer-path', { uris: ['spiffe://mesh.example/'] }],
  ];
  for (const [reason, change] of cases) {
    const fields = { ...good, ...change };
    t.equal(judgeIssuer(fields, 'mesh.example'), reason, JSON.stringify(change));
    if (reason !== null) t.match(describeIssuer(reason, 'CN=CA', fields, 'mesh.example'), /^the authority /);
  }
});
