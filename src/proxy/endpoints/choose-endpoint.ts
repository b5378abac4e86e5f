/** The endpoint for a request: by its session, by what it is hashed by, or else as the load balancer likes. */
import type { AskedRequest } from './asked-request.ts';
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import { keyOfRequest, keyOfText } from './hash-key.ts';
import { NO_ENDPOINTS, NO_KEY, type PickContext } from './pick-context.ts';
import type { Held, SessionTable } from './session-table.ts';
import { isFieldName, makeHashValue, makeSetCookie } from './set-cookie.ts';

/** The parts of a thread's context that the choice draws on. */
export interface ChoiceContext extends PickContext {
  readonly asked: AskedRequest;
}

/**
 * For the request noted in `asked`, which gets the rest of the result. null: the cluster has no endpoint to offer.
 * @param sessions of the rule that chose the cluster
 */
export function chooseEndpoint(
  context: ChoiceContext,
  cluster: Cluster,
  sessions: readonly SessionTable[],
): Endpoint | null {
  const { asked } = context;
  asked.key = NO_KEY;
  asked.affinity = null;
  if (cluster.hashing !== null) findKey(context, cluster);
  const held = sessions.length === 0 ? null : keepSession(asked, cluster, sessions);
  return held ?? cluster.pick(context, asked.key, NO_ENDPOINTS);
}

/** What the request's session holds on to, whatever the weights say; null: it has none. */
export function findSession({ head, bytes }: AskedRequest, sessions: readonly SessionTable[]): Held | null {
  if (head === null) return null;
  for (const table of sessions) {
    const held = table.find(head, bytes, Date.now());
    if (held !== null) return held;
  }
  return null;
}

function keepSession(asked: AskedRequest, cluster: Cluster, sessions: readonly SessionTable[]): Endpoint | null {
  const table = sessions.find(({ clusters }) => clusters.includes(cluster));
  if (table === undefined) return null;
  const held = findSession(asked, [table]);
  const known = held?.cluster === cluster ? held.endpoint : null;
  asked.affinity = { hashCookie: asked.affinity?.hashCookie ?? null, session: { table, cluster, known } };
  return known;
}

function findKey(context: ChoiceContext, { hashing }: Cluster): void {
  const { asked } = context;
  if (hashing === null || asked.head === null) return;
  asked.key = keyOfRequest(hashing, asked.client, asked.head, asked.bytes);
  if (asked.key !== NO_KEY || hashing.type !== 'Cookie' || hashing.ttlMs < 0 || !isFieldName(hashing.text)) return;
  const value = makeHashValue(context);
  asked.key = keyOfText(value);
  asked.affinity = { hashCookie: makeSetCookie(hashing.text, value, '/', hashing.ttlMs), session: null };
}
