/** JSON Web Key Sets (RFC 7517), as far as signatures of tokens are verified with them: public keys alone. */
import { createPublicKey, type webcrypto } from 'node:crypto';
import { err, ok, type Result } from './result.ts';

/** A public key, of the types that signatures are verified with. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid?: string | undefined;
  readonly alg?: string | undefined;
  readonly crv?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
}

export const MAX_JWKS_BYTES = 256 * 1024;
const MAX_KEYS = 100;
/** RFC 7518 3.3. */
const MIN_RSA_BITS = 2048;
const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'Ed25519']);
const MEMBERS = ['kid', 'alg', 'crv', 'n', 'e', 'x', 'y'] as const;

/**
 * The keys of a set that can verify signatures; others are passed over (RFC 7517 5): of another type, for encryption, too weak. A set
 * with a secret in it is refused: whoever can read it can sign.
 */
export function parseJwks(text: string): Result<PublicJwk[], string> {
  if (Buffer.byteLength(text) > MAX_JWKS_BYTES) return err(`it is larger than ${MAX_JWKS_BYTES / 1024} KiB`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('it is not JSON');
  }
  const list = memberOf(value, 'keys');
  if (!Array.isArray(list)) return err('it has no list "keys"');
  if (list.length > MAX_KEYS) return err(`it has more than ${MAX_KEYS} keys`);
  if (list.some((one) => memberOf(one, 'd') !== undefined || memberOf(one, 'k') !== undefined))
    return err('it holds a private or symmetric key: publish the public keys alone');
  const keys = list.flatMap((one) => publicKey(one) ?? []);
  return keys.length > 0 ? ok(keys) : err('it has no public key that tokens can be verified with');
}

function publicKey(value: unknown): PublicJwk | null {
  const kty = memberOf(value, 'kty');
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return null;
  const use = memberOf(value, 'use');
  const operations = memberOf(value, 'key_ops');
  if (use !== undefined && use !== 'sig') return null;
  if (Array.isArray(operations) && !operations.includes('verify')) return null;
  const members = MEMBERS.map((name) => [name, memberOf(value, name)] as const);
  if (members.some(([, member]) => member !== undefined && typeof member !== 'string')) return null;
  const key = { kty, ...Object.fromEntries(members.filter(([, member]) => member !== undefined)) } as PublicJwk;
  if (kty !== 'RSA' && !CURVES.has(key.crv ?? '')) return null;
  return isUsable(key) ? key : null;
}

function isUsable(key: PublicJwk): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...key } as webcrypto.JsonWebKey, format: 'jwk' });
    return key.kty !== 'RSA' || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
