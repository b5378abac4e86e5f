/**
 * The one importer of @nats-io/jwt: keys (nkeys), and the tokens (JWT) by which a nats-server knows operator, accounts and users.
 * Servers check the tokens by themselves; who holds a signing key makes users without asking anybody.
 */
import {
  type Account,
  createAccount,
  createOperator,
  createUser,
  decode,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
  fromSeed,
  type KeyPair,
  newScopedSigner,
  type SigningKey,
  type UserPermissionsLimits,
} from '@nats-io/jwt';

export type AccountClaims = Account;
export type UserTemplate = Partial<UserPermissionsLimits>;
export type ScopedSigner = SigningKey;

/** Text forms of a key pair. */
export interface NatsKey {
  /** Begins with O, A or U. */
  readonly publicKey: string;
  /** Begins with S: a secret. */
  readonly seed: string;
}

const MAKERS = { operator: createOperator, account: createAccount, user: createUser } as const;

export function makeKey(kind: keyof typeof MAKERS): NatsKey {
  const pair = MAKERS[kind]();
  return { publicKey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString('ascii') };
}

/** Throws when the text is no seed. */
export function publicKeyOf(seed: string): string {
  return pairOf(seed).getPublicKey();
}

function pairOf(seed: string): KeyPair {
  return fromSeed(Buffer.from(seed.trim(), 'ascii'));
}

/** A signing key whose users may do what the template says and nothing else, whoever signs with it. `{{name()}}` is the user's name. */
export function scopedSigner(publicKey: string, role: string, template: UserTemplate): ScopedSigner {
  return newScopedSigner(publicKey, role, template);
}

export function operatorToken(name: string, operator: NatsKey, systemAccount: string): Promise<string> {
  return encodeOperator(name, pairOf(operator.seed), { system_account: systemAccount });
}

/** What an account may do, signed by the operator. */
export function accountToken(
  name: string,
  publicKey: string,
  claims: AccountClaims,
  operatorSeed: string,
): Promise<string> {
  return encodeAccount(name, publicKey, claims, { signer: pairOf(operatorSeed) });
}

/** A user with every right in the account whose key signs. */
export function accountUserToken(name: string, userKey: string, account: NatsKey): Promise<string> {
  return encodeUser(name, userKey, pairOf(account.seed), {});
}

/**
 * A user of a scoped signing key: rights come from the key's template, and the name goes into it.
 * @param expiresMs wall-clock ms; the server ends the connection then
 */
export function scopedUserToken(
  name: string,
  userKey: string,
  account: string,
  signerSeed: string,
  expiresMs: number,
): Promise<string> {
  const exp = Math.floor(expiresMs / 1000);
  return encodeUser(name, userKey, account, {}, { scopedUser: true, signer: pairOf(signerSeed), exp });
}

/** The text of a `.creds` file. */
export function formatCredentials(token: string, userSeed: string): string {
  return Buffer.from(fmtCreds(token, pairOf(userSeed))).toString('utf8');
}

export interface CredentialFacts {
  /** Host id, token id, or whatever the user was called. */
  readonly name: string;
  readonly publicKey: string;
  /** Wall-clock ms; null: never. */
  readonly expiresMs: number | null;
  readonly issuedMs: number;
}

/** What a token says, its signature checked against the issuer that it names (servers know which issuers to trust); null when it is none. */
export function readToken(token: string): CredentialFacts | null {
  try {
    const { name, sub, exp, iat } = decode(token.trim());
    return { name, publicKey: sub, expiresMs: exp === undefined ? null : exp * 1000, issuedMs: iat * 1000 };
  } catch {
    return null;
  }
}

const TOKEN_BLOCK = /BEGIN NATS USER JWT-----\s+(\S+)\s/;
const SEED_BLOCK = /BEGIN USER NKEY SEED-----\s+(\S+)\s/;

/** Token and seed of a `.creds` file; null when it is none. */
export function readCredentials(text: string): { readonly token: string; readonly seed: string } | null {
  const token = TOKEN_BLOCK.exec(text)?.[1];
  const seed = SEED_BLOCK.exec(text)?.[1];
  return token === undefined || seed === undefined ? null : { token, seed };
}

/** The same account with one user's tokens revoked, as far as they were issued until `nowMs`. Rejects when the text is no account's token. */
export async function withRevocation(
  accountJwt: string,
  userKey: string,
  nowMs: number,
  operatorSeed: string,
): Promise<string> {
  const { name, sub, nats } = decode<Account>(accountJwt.trim());
  const revocations = { ...nats.revocations, [userKey]: Math.floor(nowMs / 1000) };
  return encodeAccount(name, sub, { ...nats, revocations }, { signer: pairOf(operatorSeed) });
}
