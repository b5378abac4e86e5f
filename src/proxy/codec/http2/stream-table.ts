/**
 * The states of a stream (RFC 9113 5.1) as a table: what each event leads to, or which error it is. Server push does not exist
 * here (SETTINGS_ENABLE_PUSH 0), so neither do the reserved states.
 */
import { PROTOCOL_ERROR, STREAM_CLOSED } from './error-codes.ts';

export const IDLE = 0;
export const OPEN = 1;
/** We have ended our side. */
export const HALF_CLOSED_LOCAL = 2;
/** The peer has ended its side. */
export const HALF_CLOSED_REMOTE = 3;
export const CLOSED = 4;
export type StreamState =
  | typeof IDLE
  | typeof OPEN
  | typeof HALF_CLOSED_LOCAL
  | typeof HALF_CLOSED_REMOTE
  | typeof CLOSED;

/** A frame by its type; END_STREAM is an event of its own that follows it. */
export const RECEIVE_HEADERS = 0;
export const RECEIVE_DATA = 1;
export const RECEIVE_END = 2;
export const RECEIVE_RESET = 3;
export const RECEIVE_WINDOW_UPDATE = 4;
export const SEND_HEADERS = 5;
export const SEND_DATA = 6;
export const SEND_END = 7;
export const SEND_RESET = 8;
const EVENTS = 9;
export type StreamEvent = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Outcomes other than a state. */
export const IGNORE = -1;
/** Our side must not do that: the call is dropped. */
export const FORBIDDEN = -2;
const STREAM_ERROR = -0x100;
const CONNECTION_ERROR = -0x200;

const streamError = (code: number): number => STREAM_ERROR - code;
const connectionError = (code: number): number => CONNECTION_ERROR - code;

const BAD = connectionError(PROTOCOL_ERROR);
const GONE = connectionError(STREAM_CLOSED);
const LATE = streamError(STREAM_CLOSED);

// biome-ignore format: a table
const TABLE = Int16Array.of(
  // receive: HEADERS         DATA                END                 RST     WINDOW_UPDATE       send: HEADERS       DATA                END                 RST
  /* idle    */ OPEN,               BAD,                BAD,                BAD,    BAD,                OPEN,               FORBIDDEN,          FORBIDDEN,          CLOSED,
  /* open    */ OPEN,               OPEN,               HALF_CLOSED_REMOTE, CLOSED, OPEN,               OPEN,               OPEN,               HALF_CLOSED_LOCAL,  CLOSED,
  /* local   */ HALF_CLOSED_LOCAL,  HALF_CLOSED_LOCAL,  CLOSED,             CLOSED, HALF_CLOSED_LOCAL,  FORBIDDEN,          FORBIDDEN,          FORBIDDEN,          CLOSED,
  /* remote  */ LATE,               LATE,               LATE,               CLOSED, HALF_CLOSED_REMOTE, HALF_CLOSED_REMOTE, HALF_CLOSED_REMOTE, CLOSED,             CLOSED,
  /* closed  */ GONE,               GONE,               GONE,               IGNORE, IGNORE,             FORBIDDEN,          FORBIDDEN,          FORBIDDEN,          IGNORE,
);

/** The state that `event` leads to, or a negative outcome: IGNORE, FORBIDDEN or an error. */
export function nextState(state: StreamState, event: StreamEvent): number {
  return TABLE[state * EVENTS + event];
}

/** The error code of a negative outcome other than IGNORE and FORBIDDEN. */
export function errorOf(outcome: number): number {
  return isConnectionError(outcome) ? CONNECTION_ERROR - outcome : STREAM_ERROR - outcome;
}

export function isConnectionError(outcome: number): boolean {
  return outcome <= CONNECTION_ERROR;
}

/** True when we have ended our side. */
export function isLocalClosed(state: StreamState): boolean {
  return state === HALF_CLOSED_LOCAL || state === CLOSED;
}
