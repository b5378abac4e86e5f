/** What a delivery tells its exchange. */
import type { HeadSent, ServerEndUser } from './ends.ts';

export type Sent =
  /** Or will be, after a pause. */
  | 'sent'
  /** No connection could be had (see `failure`). */
  | 'unreachable'
  /** Too many requests wait already (see `failure`). */
  | 'crowded'
  /** A circuit breaker or the retry budget forbids it (see `failure`). */
  | 'full'
  /** The endpoint's protocol cannot carry it (see `failure` and `refusedStatus`). */
  | 'refused';

/** What becomes of the final head of an answer. */
export type Judgement =
  | 'pass'
  /** The rule would have the request sent again, but its tries are used up. */
  | 'pass-used-up'
  /** It is not passed on: another one will come. */
  | 'again'
  /** It is not passed on, and there will be no other (see `failure`). */
  | 'full';

/** The exchange, as its delivery sees it. */
export interface DeliveryUser extends ServerEndUser {
  /** Calls `Delivery.onAlarm`. */
  onAlarm(): void;
}

/** What the client is told of a head that the endpoint's protocol cannot carry. */
export const REFUSED_HEADS: Readonly<
  Record<Exclude<HeadSent, 'sent'>, { readonly status: number; readonly sentence: string }>
> = {
  'too-large': { status: 431, sentence: 'the request head with the edits of the route is larger than the limit' },
  'bad-authority': { status: 400, sentence: 'the authority of the request is not a valid host and port' },
};
