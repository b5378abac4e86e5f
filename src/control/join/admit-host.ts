/** A host becomes a member: the token is used up first, by compare and set, so of two hosts with one token one joins. */
import type { HostRecord, Issued, JoinRequest, TokenRecord } from '../../contract/join-messages.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { ControlSecurity } from '../secure/load-security.ts';
import { decideJoin, type Refusal } from './decide-join.ts';
import type { JoinStore, Kept } from './join-store.ts';
import { mintAgent } from './mint.ts';

/** Rejects with BusError when the store does not answer; the host may then ask again with the same key. */
export async function joinHost(
  store: JoinStore,
  security: ControlSecurity,
  id: string,
  request: JoinRequest,
  nowMs: number,
): Promise<Result<Issued, Refusal>> {
  const [token, existing] = [await store.token(id), await store.host(request.host)];
  const decision = decideJoin(id, token?.value ?? null, existing?.value ?? null, request, nowMs);
  if (!decision.ok) return decision;
  if (token === null) throw new Error('unreachable: a token that is not there was admitted');
  if (decision.value === 'first') {
    const used = { host: request.host, publicKey: request.publicKey, atMs: nowMs };
    const taken = await store.putToken({ ...token.value, used }, token.revision);
    if (!taken.ok) return joinHost(store, security, id, request, nowMs);
  }
  const record = hostRecord(token.value, request, nowMs);
  const kept = await keepHost(store, record, existing);
  return kept === null ? err(gone(request.host)) : ok(await mintAgent(security, kept, nowMs));
}

function hostRecord(token: TokenRecord, { host, publicKey }: JoinRequest, nowMs: number): HostRecord {
  const { identities, groups, identityTtlMs, id: tokenId } = token;
  return { host, publicKey, tokenId, identities, groups, identityTtlMs, joinedMs: nowMs, revokedMs: null };
}

/** null: it was shut out, or another took its name, since it joined by this token. */
async function keepHost(
  store: JoinStore,
  record: HostRecord,
  existing: Kept<HostRecord> | null,
): Promise<HostRecord | null> {
  if (existing?.value.tokenId === record.tokenId) return existing.value.revokedMs === null ? existing.value : null;
  const written = await store.putHost(record, existing?.revision ?? 0);
  if (written.ok) return record;
  const other = await store.host(record.host);
  return other?.value.tokenId === record.tokenId && other.value.revokedMs === null ? other.value : null;
}

/** New credentials for the key that the host has joined with; the subject proves that it is this host that asks. */
export async function renewHost(
  store: JoinStore,
  security: ControlSecurity,
  host: string,
  nowMs: number,
): Promise<Result<Issued, Refusal>> {
  const kept = await store.host(host);
  if (kept === null || kept.value.revokedMs !== null) return err(gone(host));
  return ok(await mintAgent(security, kept.value, nowMs));
}

function gone(host: string): Refusal {
  const sentence = `the host ${host} is not a member of this mesh (any more); make it one: towpath join-token create --for ${host}, on the control host`;
  return { code: 403, sentence };
}
