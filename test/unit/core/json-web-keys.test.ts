import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { MAX_JWKS_BYTES, parseJwks } from '../../../src/core/json-web-keys.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ec = publicKey.export({ format: 'jwk' });
const rsa = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
const parse = (...keys: unknown[]) => parseJwks(JSON.stringify({ keys }));

t.test('public keys for signatures, and nothing else of them', async (t) => {
  t.same(parse({ ...ec, kid: 'a', alg: 'ES256', use: 'sig', x5c: ['x'] }), {
    ok: true,
    value: [{ ...ec, kid: 'a', alg: 'ES256' }],
  });
  t.match(parse(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })), { ok: true });
  t.match(parse(rsa(2048)), { ok: true });
});

t.test('keys that cannot verify are passed over; a set without any other is refused', async (t) => {
  const useless: readonly unknown[] = [
    rsa(1024),
    { ...ec, use: 'enc' },
    { ...ec, key_ops: ['sign'] },
    { ...ec, crv: 'secp256k1' },
    { ...ec, x: 'AAAA' },
    { ...ec, kid: 7 },
    { kty: 'oct' },
    { kty: 'RSA' },
    'text',
    null,
  ];
  for (const key of useless) t.match(parse(key), { ok: false, error: /no public key/ }, JSON.stringify(key));
  t.match(parse(...useless, ec), { ok: true, value: { length: 1 } });
});

t.test('what is no set, and secrets', async (t) => {
  t.match(parse(privateKey.export({ format: 'jwk' })), { ok: false, error: /private or symmetric/ });
  t.match(parse(ec, { kty: 'oct', k: 'c2VjcmV0' }), { ok: false, error: /private or symmetric/ });
  for (const text of ['', '{', '[]', '{}', '{"keys":{}}', 'null']) t.match(parseJwks(text), { ok: false }, text);
  t.match(parse(...Array.from({ length: 101 }, () => ec)), { ok: false, error: /more than 100/ });
  t.match(parseJwks(' '.repeat(MAX_JWKS_BYTES + 1)), { ok: false, error: /larger than 256 KiB/ });
});
