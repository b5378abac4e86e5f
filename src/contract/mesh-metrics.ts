/**
 * What agents tell control of their traffic (`….met.<host>`), and what operators ask control of the whole mesh
 * (`….control.metrics.query`).
 *
 * A report carries totals since the agent's start, not what was added since the last one: a report that is lost, repeated or late
 * changes nothing but how fresh the numbers are. It comes in parts of a bounded size, each of which stands by itself.
 */
import { z } from '../core/schema.ts';
import { DURATION_BOUNDS } from './request-block.ts';

/** Of one part: rows, and bytes as JSON. */
export const MAX_REPORT_ROWS = 100;
export const MAX_REPORT_BYTES = 256 * 1024;
/** Parts of one report; an agent with more rows leaves the quietest ones out. */
export const MAX_REPORT_PARTS = 20;
/** Kinds of ending of one row. */
export const MAX_ROW_ENDINGS = 100;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().max(512);
const side = z.enum(['outbound', 'inbound']);

/** HTTP requests of one caller to one service by one route. */
export const requestRowSchema = z.object({
  side,
  /** As `CallerName`. */
  caller: name,
  /** `<namespace>/<name>`; '' = no service. */
  service: name,
  /** `<namespace>/<route>/<rule>`; '' = none. */
  route: name,
  /** `<code> <flags> <grpc status>` -> requests. */
  endings: z.record(z.string().max(64), count).refine((all) => Object.keys(all).length <= MAX_ROW_ENDINGS, 'too many'),
  /** By `DURATION_BOUNDS`, the last one for all that took longer; not added up. */
  durations: z.array(count).length(DURATION_BOUNDS.length + 1),
  seconds: amount,
  requestBytes: count,
  responseBytes: count,
});
export type RequestRow = z.infer<typeof requestRowSchema>;

/** Connections that are not HTTP. */
export const connectionRowSchema = z.object({
  side,
  caller: name,
  service: name,
  closed: count,
  /** Of those: reset, refused, unreachable or timed out. */
  failed: count,
  /** From clients. */
  receivedBytes: count,
  /** To clients. */
  sentBytes: count,
});
export type ConnectionRow = z.infer<typeof connectionRowSchema>;

export const metricReportSchema = z.object({
  /** A new text at each start of the agent: its totals begin at 0. */
  boot: z.string().min(1).max(64),
  /** ms of the agent's wall clock when it started. */
  startedMs: count,
  /** ms that it has been running; tells control whether it began before control did. */
  uptimeMs: count,
  /** Counts reports, so that parts that overtake each other are told apart. */
  sequence: count,
  part: z
    .number()
    .int()
    .min(0)
    .max(MAX_REPORT_PARTS - 1),
  parts: z.number().int().min(1).max(MAX_REPORT_PARTS),
  requests: z.array(requestRowSchema).max(MAX_REPORT_ROWS),
  connections: z.array(connectionRowSchema).max(MAX_REPORT_ROWS),
  /** Rows that found no place. */
  dropped: count,
});
export type MetricReport = z.infer<typeof metricReportSchema>;

/** Body of `agents.metrics`: report every so often for a while, because somebody is watching. */
export const watchRequestSchema = z.object({
  everyMs: z.number().int().min(1_000).max(60_000),
  forMs: z.number().int().min(1_000).max(120_000),
});

/** Body of `control.metrics.query`; an empty one means the whole mesh over the last minute. */
export const metricsQuerySchema = z.strictObject({
  /** Rates are over this time, rounded up to `METRICS_STEP_SECONDS`. */
  windowSeconds: z.number().int().min(5).max(300).default(60),
  side: side.optional(),
  /** Only edges to this service, or from this caller, or by either. */
  service: name.optional(),
  caller: name.optional(),
  /** true: agents report every 2 s for the next 20 s, so that the next answers are fresh. */
  watch: z.boolean().default(false),
});
export type MetricsQuery = z.infer<typeof metricsQuerySchema>;

/** What windows consist of. */
export const METRICS_STEP_SECONDS = 5;

const rate = z.number().min(0);
/** What passed in the window. Rates are per second, times in ms; null where nothing passed. */
export const trafficSchema = z.object({
  requestsPerSecond: rate,
  /** Part of the requests that were neither answered 5xx (or a gRPC server error) nor left without an answer, 0 to 1. */
  success: z.number().min(0).max(1).nullable(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  /** Of connections that are not HTTP. */
  connectionsPerSecond: rate,
  receivedBytesPerSecond: rate,
  sentBytesPerSecond: rate,
  /** Since control knows the edge. */
  requestsTotal: count,
});
export type Traffic = z.infer<typeof trafficSchema>;

export const metricsReplySchema = z.object({
  windowSeconds: z.number(),
  /** Hosts that reported lately, and those that are silent for too long. */
  hosts: z.object({ reporting: count, silent: count }),
  /** By caller, then service. */
  edges: z.array(z.object({ side, caller: name, service: name, ...trafficSchema.shape })),
  /** Outbound edges added up by service; inbound ones where no agent of a caller reports the service. */
  services: z.array(z.object({ service: name, callers: count, ...trafficSchema.shape })),
  /** There were more than the answer has room for. */
  truncated: z.boolean(),
});
export type MetricsReply = z.infer<typeof metricsReplySchema>;
