/** Whether a host may join by a token: every refusal says what to do. Pure. */
import type { HostRecord, JoinRequest, TokenRecord } from '../../contract/join-messages.ts';
import { err, ok, type Result } from '../../core/result.ts';

/** `again`: the host asks once more, because it lost the answer. */
export type JoinDecision = 'first' | 'again';

export interface Refusal {
  /** As of HTTP. */
  readonly code: 403 | 404 | 409 | 410;
  readonly sentence: string;
}

export function decideJoin(
  id: string,
  token: TokenRecord | null,
  existing: HostRecord | null,
  { host, publicKey }: JoinRequest,
  nowMs: number,
): Result<JoinDecision, Refusal> {
  const another = `make another on the control host: towpath join-token create --for ${host}`;
  const refuse = (code: Refusal['code'], sentence: string) => err({ code, sentence });
  if (token === null) return refuse(404, `there is no join token ${id} in this mesh; ${another}`);
  if (token.revokedMs !== null) return refuse(410, `this join token was revoked at ${at(token.revokedMs)}; ${another}`);
  if (token.used !== null && token.used.publicKey === publicKey && token.used.host === host) return ok('again');
  if (token.used !== null) {
    return refuse(410, `this join token was used by the host ${token.used.host} at ${at(token.used.atMs)}; ${another}`);
  }
  if (token.expiresMs <= nowMs) return refuse(410, `this join token expired at ${at(token.expiresMs)}; ${another}`);
  if (token.host !== null && token.host !== host) {
    return refuse(
      403,
      `this join token is for the host ${token.host}, and this one is called ${host}: join with --host ${token.host}, or ${another}`,
    );
  }
  if (existing !== null && token.host === null) {
    return refuse(
      409,
      `a host called ${host} joined at ${at(existing.joinedMs)}: if this one takes its place, ${another}; if not, give it a name of its own with --host`,
    );
  }
  return ok('first');
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
