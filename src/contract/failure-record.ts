/** What an agent knows of one request or connection that failed at it: what `towpath why` prints. */
import { z } from '../core/schema.ts';

const count = z.number();

export const failureRecordSchema = z.object({
  /** As in `x-towpath-error` and the access log. */
  id: z.string(),
  /** Whose agent it is. */
  host: z.string(),
  kind: z.enum(['request', 'connection']),
  /** RFC 3339, when it began. */
  time: z.string(),
  direction: z.enum(['outbound', 'inbound']),
  /** Envoy's response flag; '' = none, the ending says it. */
  flag: z.string(),
  /** Which hop, which rule, what the peer did. */
  sentence: z.string(),
  /** What came before: a try that failed, or was given up. */
  events: z.array(z.object({ ms: count, name: z.string(), endpoint: z.string() })),
  /** Of requests. Texts are '' where the proxy did not know, or did not keep, them. */
  protocol: z.string(),
  method: z.string(),
  target: z.string(),
  authority: z.string(),
  requestId: z.string(),
  traceId: z.string(),
  /** Of the answer; 0 = none was given. */
  status: count,
  /** -1 = no gRPC. */
  grpcStatus: count,
  attempts: count,
  service: z.string(),
  route: z.string(),
  cluster: z.string(),
  endpoint: z.string(),
  client: z.string(),
  destination: z.string(),
  /** `spiffe://...` that the client proved; '' = none. */
  principal: z.string(),
  durationMs: count,
  bytesReceived: count,
  bytesSent: count,
  /** Of connections: how it ended, and what sniffing found. */
  ending: z.string(),
  verdict: z.string(),
});
export type FailureRecord = z.infer<typeof failureRecordSchema>;

/** Most characters of what is looked for. */
const MAX_ID = 200;
export const whyRequestSchema = z.strictObject({ id: z.string().min(1).max(MAX_ID) });
export const whyReplySchema = z.object({ records: z.array(failureRecordSchema).max(100) });
export type WhyReply = z.infer<typeof whyReplySchema>;
