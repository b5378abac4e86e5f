/** Join tokens for operators, and the one question of a host that holds one. Only in a secured mesh. */
import type { BusMessage } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import {
  type CreatedToken,
  createTokenSchema,
  type Issued,
  joinRequestSchema,
  type ListedToken,
  revokeHostSchema,
  revokeTokenSchema,
  type TokenRecord,
} from '../../contract/join-messages.ts';
import { encodeJoinToken } from '../../contract/join-token.ts';
import { AUTHOR_HEADER, REQUEST_ID_HEADER } from '../../contract/messages.ts';
import { isToken } from '../../contract/subjects.ts';
import type { z } from '../../core/schema.ts';
import type { ControlParts } from '../control-parts.ts';
import type { AuditEvent } from '../record-audit.ts';
import { rejectRequest } from '../reject-request.ts';
import type { ControlSecurity } from '../secure/load-security.ts';
import { joinHost, renewHost } from './admit-host.ts';
import { JoinStore } from './join-store.ts';
import { mintJoinUser, newTokenId } from './mint.ts';

/** Tokens that ended this long ago are forgotten when another is made. */
const REMEMBER_MS = 30 * 24 * 60 * 60 * 1000;
const ANY_ACCOUNT_OF_DEFAULT = { namespace: 'default', account: '*' } as const;

/** `control.token.create` */
export async function createToken(parts: ControlParts, request: BusMessage): Promise<CreatedToken> {
  const { security, store } = securedParts(parts);
  const body = decode(request, createTokenSchema);
  const nowMs = Date.now();
  const narrow = body.identities.length > 0 || body.groups.length > 0;
  const record: TokenRecord = {
    id: newTokenId(),
    createdMs: nowMs,
    createdBy: request.header(AUTHOR_HEADER).slice(0, 256),
    expiresMs: nowMs + body.ttlMs,
    host: body.host,
    identities: narrow ? body.identities : [ANY_ACCOUNT_OF_DEFAULT],
    groups: body.groups,
    identityTtlMs: body.identityTtlMs,
    used: null,
    revokedMs: null,
  };
  const user = await mintJoinUser(security, record);
  const written = await store.putToken(record, 0);
  if (!written.ok) return rejectRequest(409, [{ code: 'TWP1031', message: 'two tokens got the same id; ask again' }]);
  await forgetOld(store, nowMs);
  await audit(parts, request, 'token-create', `Token.${record.id}`, 'created');
  const { mesh, servers, ca } = security;
  const { id, expiresMs, host } = record;
  const token = encodeJoinToken({
    v: 1,
    mesh,
    id,
    servers: body.servers ?? [...servers],
    ca,
    ...user,
    expiresMs,
    host,
  });
  return { id, token, expiresMs };
}

async function forgetOld(store: JoinStore, nowMs: number): Promise<void> {
  for (const { id, expiresMs } of await store.tokens())
    if (expiresMs + REMEMBER_MS < nowMs) await store.removeToken(id);
}

/** `control.token.list` */
export async function listTokens(parts: ControlParts): Promise<{ items: ListedToken[] }> {
  const { store } = securedParts(parts);
  const nowMs = Date.now();
  const tokens = (await store.tokens()).sort((a, b) => a.createdMs - b.createdMs);
  return {
    items: tokens.map((token) => ({
      id: token.id,
      state: stateOf(token, nowMs),
      createdMs: token.createdMs,
      createdBy: token.createdBy,
      expiresMs: token.expiresMs,
      host: token.host,
      usedBy: token.used?.host ?? null,
    })),
  };
}

function stateOf({ used, revokedMs, expiresMs }: TokenRecord, nowMs: number): ListedToken['state'] {
  if (used !== null) return 'USED';
  if (revokedMs !== null) return 'REVOKED';
  return expiresMs <= nowMs ? 'EXPIRED' : 'OPEN';
}

/** `control.token.revoke`: 404 when there is none, 409 when a host has used it. */
export async function revokeToken(parts: ControlParts, request: BusMessage): Promise<{ id: string }> {
  const { store } = securedParts(parts);
  const { id } = decode(request, revokeTokenSchema);
  const kept = await store.token(id);
  if (kept === null) return rejectRequest(404, [{ code: 'TWP1032', message: `there is no join token ${id}` }]);
  if (kept.value.used !== null) {
    const { host } = kept.value.used;
    const message = `the host ${host} has joined by this token; to shut it out: towpath host revoke ${host}`;
    return rejectRequest(409, [{ code: 'TWP1032', message }]);
  }
  const written = await store.putToken({ ...kept.value, revokedMs: Date.now() }, kept.revision);
  if (!written.ok) return rejectRequest(409, [{ code: 'TWP1032', message: 'the token was used at this moment' }]);
  await audit(parts, request, 'token-revoke', `Token.${id}`, 'deleted');
  return { id };
}

/** `control.host.revoke`: certificates and renewals are refused from now on. */
export async function revokeHost(
  parts: ControlParts,
  request: BusMessage,
): Promise<{ host: string; publicKey: string }> {
  const { store } = securedParts(parts);
  const { host } = decode(request, revokeHostSchema);
  const kept = await store.host(host);
  if (kept === null) return rejectRequest(404, [{ code: 'TWP1033', message: `no host ${host} has joined this mesh` }]);
  const written = await store.putHost({ ...kept.value, revokedMs: Date.now() }, kept.revision);
  if (!written.ok)
    return rejectRequest(409, [{ code: 'TWP1033', message: `the host ${host} joins at this moment; ask again` }]);
  await audit(parts, request, 'host-revoke', `Host.${host}`, 'deleted');
  return { host, publicKey: kept.value.publicKey };
}

/** `join.<token>`: a host asks for its credentials. */
export async function answerJoin(parts: ControlParts, request: BusMessage): Promise<Issued> {
  const { security, store } = securedParts(parts);
  const id = request.subject.slice(request.subject.lastIndexOf('.') + 1);
  if (!isToken(id)) return rejectRequest(400, [{ code: 'TWP1034', message: 'the subject ends in no token id' }]);
  const asked = decode(request, joinRequestSchema);
  const joined = await joinHost(store, security, id, asked, Date.now());
  if (!joined.ok) return rejectRequest(joined.error.code, [{ code: 'TWP1034', message: joined.error.sentence }]);
  await audit(parts, request, 'host-join', `Host.${asked.host}`, 'created');
  return joined.value;
}

/** `control.identity.renew.<host>` */
export async function answerRenewal(parts: ControlParts, _: BusMessage, host: string): Promise<Issued> {
  const { security, store } = securedParts(parts);
  const renewed = await renewHost(store, security, host, Date.now());
  return renewed.ok
    ? renewed.value
    : rejectRequest(renewed.error.code, [{ code: 'TWP1035', message: renewed.error.sentence }]);
}

function securedParts(parts: ControlParts): { readonly security: ControlSecurity; readonly store: JoinStore } {
  const security = parts.settings.security ?? null;
  if (security !== null) return { security, store: new JoinStore(parts.bus, parts.subjects) };
  const message = `the mesh "${parts.settings.mesh}" is open: hosts need no token, and nobody proves who he is`;
  return rejectRequest(409, [{ code: 'TWP1036', message, hint: 'make a secured one with: towpath control init' }]);
}

function decode<T>(request: BusMessage, schema: z.ZodType<T>): T {
  const body = decodeJson(request.data, schema, MAX_RECORD_BYTES);
  return body.ok ? body.value : rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
}

async function audit(
  parts: ControlParts,
  request: BusMessage,
  action: AuditEvent['action'],
  id: string,
  outcome: 'created' | 'deleted',
): Promise<void> {
  await parts.audit.record({
    action,
    author: request.header(AUTHOR_HEADER),
    requestId: request.header(REQUEST_ID_HEADER).slice(0, 100),
    results: [{ id, outcome, generation: 0 }],
  });
}
