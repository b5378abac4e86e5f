/** The endpoint for a request: by what it carries, or else as the load balancer likes. */
import { makeHashValue, setCookie } from './affinity.ts';
import type { AskedRequest } from './asked-request.ts';
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import { keyOfRequest, keyOfText } from './hash-key.ts';
import { NO_ENDPOINTS, NO_KEY, type PickContext } from './pick-context.ts';

/** The parts of a thread's context that the choice draws on. */
export interface ChoiceContext extends PickContext {
  readonly asked: AskedRequest;
}

/** For the request noted in `asked`, which gets the rest of the result. null: the cluster has no endpoint to offer. */
export function chooseEndpoint(context: ChoiceContext, cluster: Cluster): Endpoint | null {
  const { asked } = context;
  asked.key = NO_KEY;
  asked.affinity = null;
  if (cluster.hashing !== null) findKey(context, cluster);
  return cluster.pick(context, asked.key, NO_ENDPOINTS);
}

function findKey(context: ChoiceContext, { hashing }: Cluster): void {
  const { asked } = context;
  if (hashing === null || asked.head === null) return;
  asked.key = keyOfRequest(hashing, asked.client, asked.head, asked.bytes);
  if (asked.key !== NO_KEY || hashing.type !== 'Cookie' || hashing.ttlMs < 0) return;
  const value = makeHashValue(context);
  asked.key = keyOfText(value);
  asked.affinity = { field: setCookie(hashing.text, value, '/', hashing.ttlMs) };
}
