/** Tries of one request that came to nothing, for its record. Noted whether anybody wants to know or not: failures are rare. */
import type { RecordEvent } from '../../telemetry/records/record-layout.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';

/** Most tries of one request; more are left out. */
const MOST_TRIES = 12;
const MOST_NAME = 120;

export interface Try {
  /** ms of the reactor's clock. */
  readonly at: number;
  /** What became of it. */
  readonly name: string;
  readonly endpoint: Endpoint | null;
}

/** @param tries null = none so far @param now ms of the reactor's clock */
export function noteTry(tries: Try[] | null, now: number, name: string, endpoint: Endpoint | null): Try[] {
  const all = tries ?? [];
  if (all.length < MOST_TRIES) all.push({ at: now, name, endpoint });
  return all;
}

/** JSON of RecordEvents without the brackets. @param startedAt when the request began */
export function renderTries(tries: readonly Try[] | null, startedAt: number): string {
  return (tries ?? []).map((one) => JSON.stringify(eventOf(one, startedAt))).join(',');
}

function eventOf({ at, name, endpoint }: Try, startedAt: number): RecordEvent {
  return {
    ms: Math.round((at - startedAt) * 1000) / 1000,
    name: name.replace(/[^\x20-\x7e]/g, '?').slice(0, MOST_NAME),
    endpoint: endpoint === null ? '' : endpoint.text,
  };
}
