/** The data threads as the other parts of the agent see them. */

import type { LimitsConfig } from '../config/agent-config.ts';
import type { DataThreadDump } from '../contract/data-thread.ts';
import type { DecisionTrace, ExplainQuestion } from '../contract/decision-trace.ts';
import type { QuotaTable } from '../contract/quota-table.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { CountedSeries } from '../telemetry/counted-series.ts';
import type { RecordFeeds } from '../telemetry/records/record-feed.ts';
import type { ListenerSettings } from './open-listeners.ts';
import type { LogMessage, QuotaMessage } from './running-thread.ts';
import type { ToDataThreadBody } from './thread-state.ts';

export interface DataThreadSettings extends ListenerSettings {
  /** `region/zone/subzone` of this host; null = unknown. */
  readonly locality: string | null;
  /** ms after which a series that nobody has touched is left out. */
  readonly seriesIdleMs: number;
  /** What the operator may set; the rest are the data plane's own defaults. */
  readonly limits: LimitsConfig;
}

export interface DataThreads {
  /** Resolves when every thread has put the change in force. */
  post(message: ToDataThreadBody): Promise<void>;
  onNeed(callback: (key: ServiceKey) => void): void;
  /** Keys of an issuer that may have changed, by their URL. */
  onStaleKeys(callback: (url: string) => void): void;
  onLog(callback: (line: { level: LogMessage['level']; message: string; fields: LogMessage['fields'] }) => void): void;
  /** What data threads ask about global rate limits, and the tokens that they take. */
  onQuota(callback: (message: QuotaMessage) => void): QuotaTable;
  /** Everything that was counted. */
  counters(): readonly CountedSeries[];
  /** What became of requests and connections, as far as somebody wants to know. */
  readonly records: RecordFeeds;
  /** Age in ms of the oldest thread's last turn. */
  heartbeatAgeMs(): number;
  /** Captured connections open now. */
  connections(): number;
  dump(): Promise<DataThreadDump[]>;
  /** What one thread would do with such a request. Throws UserError when the codec would refuse it. */
  explain(question: ExplainQuestion): Promise<DecisionTrace>;
  /** Stops accepting and waits until no connection is left, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
  stop(): Promise<void>;
}
