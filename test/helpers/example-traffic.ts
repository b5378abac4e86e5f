import type { Traffic } from '../../src/contract/mesh-metrics.ts';

/** Nothing has passed. */
export const idle: Traffic = {
  requestsPerSecond: 0,
  success: null,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  connectionsPerSecond: 0,
  receivedBytesPerSecond: 0,
  sentBytesPerSecond: 0,
  requestsTotal: 0,
};
