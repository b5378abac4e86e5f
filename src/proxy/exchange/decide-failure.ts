/** Pure: what the client is told when its request came to nothing at the endpoint. */
import { INTERNAL_ERROR, NO_ERROR, nameErrorCode } from '../codec/http2/error-codes.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { Loss } from './ends.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

export type Failure =
  /** An answer of ours; where another one has begun, that is cut. */
  | { readonly type: 'answer'; readonly flag: ResponseFlag; readonly status: number; readonly sentence: string }
  /** The exchange ends with that HTTP/2 error code. */
  | { readonly type: 'cut'; readonly flag: ResponseFlag; readonly code: number; readonly reason: string }
  /** The client sees that nobody listens where it dialled. */
  | { readonly type: 'refuse'; readonly reason: string };

export interface Situation {
  /** The endpoint. */
  readonly where: string;
  readonly attempts: number;
  /** The program dialled the endpoint itself, so it sees what its peer did. gRPC, which has a status for it, is told. */
  readonly isOriginal: boolean;
  readonly answerBegun: boolean;
  readonly client: HttpProtocol;
}

/** @param code HTTP/2 error code of the endpoint's reset */
export function decideFailure(loss: Loss, code: number, reason: string, situation: Situation): Failure {
  const { where, attempts, isOriginal, answerBegun, client } = situation;
  switch (loss) {
    case 'unreachable':
      if (isOriginal) return { type: 'refuse', reason };
      return answer('UF', 503, `cannot connect to ${where} (attempt ${attempts}): ${reason}`);
    case 'crowded':
      return answer('UO', 503, `${where}: ${reason}`);
    case 'full':
      return answer('UO', 503, reason);
    case 'slow':
      return answer('UT', 504, `${where}: ${reason} (attempt ${attempts})`);
    case 'malformed':
      return answer('UPE', 502, `${where}: ${reason}`);
    case 'lost':
      if (isOriginal && !answerBegun) return { type: 'cut', flag: 'UC', code: INTERNAL_ERROR, reason };
      return answer('UC', 503, `${where}: ${reason} before ${answerBegun ? 'its answer was complete' : 'it answered'}`);
    case 'reset':
      if (client === 'http1') return answer('UR', 503, `${where} reset the request with ${nameErrorCode(code)}`);
      // Its code means the same to the client, but for NO_ERROR, which some would take for a clean end.
      return { type: 'cut', flag: 'UR', code: code === NO_ERROR ? INTERNAL_ERROR : code, reason };
  }
}

/** @param route '' = none @param ms what was allowed */
export function wordTimeout(route: string, ms: number): string {
  const whose = route === '' ? 'as the caller allows' : `route ${route}`;
  return `no complete answer within ${Math.round(ms)} ms (${whose})`;
}

function answer(flag: ResponseFlag, status: number, sentence: string): Failure {
  return { type: 'answer', flag, status, sentence };
}
