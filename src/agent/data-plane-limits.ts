/** What one data thread may hold and how long it waits. */
import type { LimitsConfig } from '../config/agent-config.ts';
import { DEFAULT_LIMITS, type Limits } from '../proxy/context.ts';

/** Listeners, wake-up and pooled connections need places too. */
const EXTRA_SOCKETS = 512;

/** The operator's words about limits, with the data plane's own defaults for the rest. Pure. */
export function dataPlaneLimits(limits: LimitsConfig): Limits {
  const maxSockets = 2 * limits.maxConnections + EXTRA_SOCKETS;
  const { requestLineBytes, headerFields, chunkLineBytes, bodyBytesPerSecond } = limits;
  return {
    ...DEFAULT_LIMITS,
    maxSockets,
    headBytes: Math.min(limits.headBytes, DEFAULT_LIMITS.headBytes),
    requestLineBytes,
    headerFields,
    chunkLineBytes,
    headTimeoutMs: limits.headSeconds * 1000,
    clientIdleMs: limits.clientIdleSeconds * 1000,
    upstreamIdleMs: limits.upstreamIdleSeconds * 1000,
    stallMs: limits.stallSeconds * 1000,
    bodyBytesPerSecond,
  };
}
