/** Tokens (JWT) for tests, good and bad, signed by node:crypto. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type PublicJwk, parseJwks } from '../../src/core/json-web-keys.ts';

export interface TokenKey {
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
  readonly algorithm: string;
}

export function makeKey(algorithm: string, kid?: string): TokenKey {
  const { publicKey, privateKey } = algorithm.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm] ?? '' })
    : algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const parsed = parseJwks(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] }));
  const jwk = parsed.ok ? parsed.value[0] : undefined;
  if (jwk === undefined) throw new Error('no usable key');
  return { privateKey, jwk, algorithm };
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** @param header members beside `alg`; a text is taken as it is @param claims likewise */
export function makeToken(key: TokenKey, claims: object | string, header: object | string = {}): string {
  const head = typeof header === 'string' ? header : { alg: key.algorithm, ...header };
  const signed = `${encode(head)}.${encode(claims)}`;
  const hash = key.algorithm === 'EdDSA' ? null : `sha${key.algorithm.slice(2)}`;
  const padding = key.algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const options = key.algorithm.startsWith('RS') || key.algorithm.startsWith('PS') ? { padding, saltLength: 32 } : {};
  const salt = key.algorithm.startsWith('PS') ? { saltLength: Number(key.algorithm.slice(2)) / 8 } : {};
  const signature = sign(hash, Buffer.from(signed), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
    ...options,
    ...salt,
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The classic confusion: HMAC with the public key as the secret. */
export function hmacToken(secret: string | Buffer, claims: object): string {
  const signed = `${encode({ alg: 'HS256' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
