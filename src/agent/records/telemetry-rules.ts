/** What data threads must record for the settings of this host. Pure. */
import type { AgentConfig } from '../../config/agent-config.ts';
import { withTraceKeys } from '../../contract/log-batch.ts';
import {
  DEFAULT_JSON,
  DEFAULT_TEXT,
  fieldsOf,
  type LogFormat,
  parseJsonFormat,
  parseTextFormat,
} from '../../contract/log-format.ts';
import { NO_RULES, type SideRules, type TelemetryRules } from '../../contract/telemetry-rules.ts';

export type TelemetrySettings = Pick<AgentConfig, 'accessLog' | 'tracing'>;

/** Something is to be recorded of requests that go well. */
export function isLogging({ accessLog }: TelemetrySettings): boolean {
  return accessLog.stdout || accessLog.file !== null || accessLog.stream;
}

export function telemetryRules(settings: TelemetrySettings): TelemetryRules {
  const { accessLog, tracing } = settings;
  const side = (direction: 'outbound' | 'inbound'): SideRules => ({
    log:
      isLogging(settings) && accessLog.directions.includes(direction)
        ? { index: 0, percent: accessLog.percent, slowMs: accessLog.slowMs ?? Number.POSITIVE_INFINITY }
        : null,
    trace: tracing.endpoint === null ? null : { index: 0, percent: tracing.percent, reports: true },
  });
  if (!isLogging(settings) && tracing.endpoint === null) return NO_RULES;
  const { request, answer } = isLogging(settings) ? fieldsOf(formatOf(settings)) : { request: [], answer: [] };
  return {
    number: 1,
    requestFields: request,
    answerFields: answer,
    outbound: side('outbound'),
    inbound: { '': side('inbound') },
  };
}

/** As the settings have it, which were checked when they were read. */
export function formatOf({ accessLog }: TelemetrySettings): LogFormat {
  const { format, text, json, stream } = accessLog;
  const parsed = format === 'text' ? parseTextFormat(text ?? DEFAULT_TEXT) : parseJsonFormat(json ?? DEFAULT_JSON);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return stream ? withTraceKeys(parsed.value) : parsed.value;
}
