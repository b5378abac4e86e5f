/** Signatures of tokens (RFC 7518, RFC 8037), verified at once by OpenSSL. The key says which algorithms are possible, never the token alone. */
import { constants, createPublicKey, type KeyObject, verify, type webcrypto } from 'node:crypto';
import type { PublicJwk } from '../../../core/json-web-keys.ts';
import type { ParsedToken } from './parse-token.ts';

interface Algorithm {
  readonly kty: PublicJwk['kty'];
  readonly crv?: string;
  readonly hash: string | null;
  readonly options: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'ieee-p1363' };
}

const pkcs = (hash: string): Algorithm => ({ kty: 'RSA', hash, options: { padding: constants.RSA_PKCS1_PADDING } });
const pss = (hash: string, saltLength: number): Algorithm => {
  return { kty: 'RSA', hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } };
};
const ecdsa = (hash: string, crv: string): Algorithm => {
  return { kty: 'EC', crv, hash, options: { dsaEncoding: 'ieee-p1363' } };
};

/** No `none`, and no HMAC: a public key is no secret. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', pkcs('sha256')],
  ['RS384', pkcs('sha384')],
  ['RS512', pkcs('sha512')],
  ['PS256', pss('sha256', 32)],
  ['PS384', pss('sha384', 48)],
  ['PS512', pss('sha512', 64)],
  ['ES256', ecdsa('sha256', 'P-256')],
  ['ES384', ecdsa('sha384', 'P-384')],
  ['ES512', ecdsa('sha512', 'P-521')],
  ['EdDSA', { kty: 'OKP', crv: 'Ed25519', hash: null, options: {} }],
]);

/** The issuer may have new ones. */
export const UNKNOWN_KEY = "Jwks doesn't have key to match kid or alg from Jwt";

export interface VerificationKey {
  readonly jwk: PublicJwk;
  readonly key: KeyObject;
}

/** Those of them that are usable: all that `parseJwks` let through. */
export function importKeys(keys: readonly PublicJwk[]): VerificationKey[] {
  return keys.map((jwk) => ({
    jwk,
    key: createPublicKey({ key: { ...jwk } as webcrypto.JsonWebKey, format: 'jwk' }),
  }));
}

/** Why the token is not signed by one of the keys, in Envoy's words; null: it is. */
export function signatureProblem(token: ParsedToken, keys: readonly VerificationKey[]): string | null {
  const algorithm = ALGORITHMS.get(token.algorithm);
  if (algorithm === undefined) return 'Jwt header [alg] is not supported';
  const fitting = keys.filter(({ jwk }) => fits(jwk, token, algorithm));
  if (fitting.length === 0) return UNKNOWN_KEY;
  const { hash, options } = algorithm;
  const isSigned = fitting.some(({ key }) => verify(hash, token.signed, { key, ...options }, token.signature));
  return isSigned ? null : 'Jwt verification fails';
}

function fits({ kty, crv, alg, kid }: PublicJwk, token: ParsedToken, algorithm: Algorithm): boolean {
  if (kty !== algorithm.kty || (algorithm.crv !== undefined && crv !== algorithm.crv)) return false;
  if (alg !== undefined && alg !== token.algorithm) return false;
  return token.keyId === null || kid === undefined || kid === token.keyId;
}
