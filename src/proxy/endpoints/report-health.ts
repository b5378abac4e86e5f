/** Ejections, returns and results of checks, as counters and lines of the log. */
import { assertNever } from '../../core/result.ts';
import type { Counters } from '../counters.ts';
import type { LogGate } from '../log-gate.ts';
import type { HealthEvent, ReportHealth } from './cluster-health.ts';
import type { Clock } from './health-registry.ts';

export function reportHealth(counters: Counters, log: Pick<LogGate, 'notice'>, clock: Clock): ReportHealth {
  return (cluster, { text: endpoint }, event) => {
    log.notice(wordEvent(event), { cluster, endpoint, ...fieldsOf(event) }, clock.now);
    switch (event.type) {
      case 'ejected':
        return counters.count('towpath_endpoint_ejections_total', { cluster, reason: event.reason });
      case 'returned':
        return counters.count('towpath_endpoint_returns_total', { cluster, reason: event.reason });
      case 'checked':
        return counters.count('towpath_endpoint_checks_total', { cluster, result: event.passes ? 'passes' : 'fails' });
      default:
        return assertNever(event);
    }
  };
}

function wordEvent(event: HealthEvent): string {
  switch (event.type) {
    case 'ejected':
      return 'endpoint ejected';
    case 'returned':
      return 'endpoint returned';
    case 'checked':
      return event.passes ? 'endpoint passes its checks' : 'endpoint fails its checks';
    default:
      return assertNever(event);
  }
}

function fieldsOf(event: HealthEvent): Readonly<Record<string, string | number>> {
  switch (event.type) {
    case 'ejected':
      return { reason: event.reason, seconds: event.ms / 1000 };
    case 'returned':
      return { reason: event.reason };
    case 'checked':
      return {};
    default:
      return assertNever(event);
  }
}
