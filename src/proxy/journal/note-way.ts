/** Where a request went, for its record. */
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Forward } from '../request-delivery.ts';
import type { Draft } from './draft.ts';
import { renderTries, type Try } from './tries.ts';

/** @param endpoint in use, or tried last; null = none was chosen @param tries that came to nothing */
export function noteWay(
  draft: Draft,
  decision: Forward | null,
  endpoint: Endpoint | null,
  attempts: number,
  tries: readonly Try[] | null,
): void {
  draft.events = tries === null ? '' : renderTries(tries, draft.startedAt);
  draft.endpoint = endpoint === null ? '' : endpoint.text;
  draft.attempts = attempts;
  if (decision === null) return;
  draft.service = decision.service;
  draft.route = decision.route;
  draft.cluster = decision.cluster === null ? '' : decision.cluster.key;
}
