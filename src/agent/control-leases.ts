import type { Bus } from '../contract/bus-types.ts';
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../contract/micro.ts';
import { leaseReplySchema, quotaCallersReplySchema } from '../contract/quota-messages.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { z } from '../core/schema.ts';
import type { LeaseClient } from './quota/lease-client.ts';

/** Requests wait for this answer: one that comes later is of no use to them. */
const LEASE_MS = 200;
const CALLERS_MS = 200;

/** Asks control for tokens of global rate limits. */
export function leaseClient(bus: Bus, subjects: Subjects, host: string): LeaseClient {
  const ask = async <T>(verb: string, body: object, schema: z.ZodType<T>, timeoutMs: number): Promise<T> => {
    if (!bus.connected) throw new Error('there is no connection to NATS');
    const reply = await bus.request(subjects.fromAgent('quota', verb, host), JSON.stringify(body), timeoutMs);
    if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(reply.header(ERROR_TEXT_HEADER));
    const decoded = decodeJson(reply.data, schema, MAX_VIEW_BYTES);
    if (!decoded.ok) throw new Error(decoded.error);
    return decoded.value;
  };
  return {
    ask: (request) => ask('lease', request, leaseReplySchema, LEASE_MS),
    callers: async (addresses) => (await ask('callers', { addresses }, quotaCallersReplySchema, CALLERS_MS)).callers,
  };
}
