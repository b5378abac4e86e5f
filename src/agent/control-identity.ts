import type { Bus } from '../contract/bus-types.ts';
import {
  type SignReply,
  signReplySchema,
  type TrustReply,
  trustReplySchema,
} from '../contract/certificate-messages.ts';
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../contract/micro.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { z } from '../core/schema.ts';
import type { CertificateClient } from './identity/keeper-links.ts';

const ANSWER_MS = 5_000;

/** Asks control's certificate authority in the name of this host. */
export function certificateClient(bus: Bus, subjects: Subjects, host: string): CertificateClient {
  const ask = async <T>(verb: string, body: object, schema: z.ZodType<T>): Promise<T> => {
    if (!bus.connected) throw new Error('there is no connection to NATS');
    const subject = subjects.fromAgent('cert', verb, host);
    const reply = await bus.request(subject, JSON.stringify(body), ANSWER_MS);
    if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(`control refuses: ${reply.header(ERROR_TEXT_HEADER)}`);
    const decoded = decodeJson(reply.data, schema, MAX_VIEW_BYTES);
    if (!decoded.ok) throw new Error(`control's answer on ${subject} is not understood: ${decoded.error}`);
    return decoded.value;
  };
  return {
    get connected() {
      return bus.connected;
    },
    trust: (report): Promise<TrustReply> => ask('trust', report, trustReplySchema),
    sign: (request): Promise<SignReply> => ask('sign', request, signReplySchema),
  };
}
