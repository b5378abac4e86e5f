/** NATS credentials by control's two signing keys, whose templates bound what they can ever allow. */
import { randomBytes } from 'node:crypto';
import type { HostRecord, Issued, TokenRecord } from '../../contract/join-messages.ts';
import { makeKey, scopedUserToken } from '../../contract/nats-jwt.ts';
import type { ControlSecurity } from '../secure/load-security.ts';

/** 50 bits: ids are no secrets, they only must not meet. */
export function newTokenId(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** The one user whose key pair is not made on a host: it may ask one question, until the token ends. */
export async function mintJoinUser(
  { joinAccount, joinSigner }: ControlSecurity,
  { id, expiresMs }: TokenRecord,
): Promise<{ readonly jwt: string; readonly seed: string }> {
  const { publicKey, seed } = makeKey('user');
  return { jwt: await scopedUserToken(id, publicKey, joinAccount, joinSigner, expiresMs), seed };
}

export async function mintAgent(
  { agentsAccount, agentsSigner }: ControlSecurity,
  { host, publicKey, identityTtlMs }: HostRecord,
  nowMs: number,
): Promise<Issued> {
  const expiresMs = nowMs + identityTtlMs;
  return { jwt: await scopedUserToken(host, publicKey, agentsAccount, agentsSigner, expiresMs), expiresMs };
}
