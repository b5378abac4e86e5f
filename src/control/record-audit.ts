import { randomUUID } from 'node:crypto';
import type { Bus } from '../contract/bus-types.ts';
import type { Outcome } from '../contract/messages.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { FieldChange } from '../core/diff-values.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RootAction } from './ca/settings.ts';

export interface AuditEvent {
  readonly action:
    | 'apply'
    | 'delete'
    | 'rollback'
    | 'direct-edit'
    | 'direct-edit-refused'
    | 'restore'
    | 'confirm-removal'
    | 'token-create'
    | 'token-revoke'
    | 'host-join'
    | 'host-revoke'
    | 'issue-certificate'
    /** A caller has used so much (%) of a global limit. */
    | 'quota-80'
    | 'quota-100'
    | RootAction;
  /** As the caller says it; not proved yet. A direct edit of the store has none. */
  readonly author: string;
  readonly requestId: string;
  readonly results: readonly {
    readonly id: string;
    readonly outcome: Outcome | 'refused' | 'reached';
    readonly generation: number;
    /** Of the record in the store; absent for what left no record that could be named. */
    readonly revision?: number | undefined;
    /** What changed, within bounds. */
    readonly fields?: readonly FieldChange[] | undefined;
  }[];
}

const MAX_RESULTS = 1000;
/** Of all changed fields of one event; those of later resources are left out. */
const MAX_FIELD_BYTES = 64 * 1024;

/** Writes who changed what into the audit stream. A failure is logged and counted: the change itself stands. */
export class AuditTrail {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #logger: Logger;
  failures = 0;

  constructor(bus: Bus, subjects: Subjects, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#logger = logger;
  }

  async record(event: AuditEvent): Promise<void> {
    const id = event.requestId === '' ? randomUUID() : event.requestId;
    const entry = {
      time: new Date().toISOString(),
      ...event,
      author: event.author.slice(0, 256),
      requestId: id,
      results: boundFields(event.results.slice(0, MAX_RESULTS)),
    };
    this.#logger.info(
      { action: entry.action, author: entry.author, requestId: id, results: entry.results.length },
      'changed',
    );
    try {
      await this.#bus.append(this.#subjects.audit('resource'), JSON.stringify(entry), `${event.action}-${id}`);
    } catch (cause) {
      this.failures++;
      this.#logger.error({ ...entry, reason: String(cause) }, 'could not write to the audit stream');
    }
  }
}

function boundFields(results: AuditEvent['results']): AuditEvent['results'] {
  let left = MAX_FIELD_BYTES;
  return results.map(({ fields, ...result }) => {
    if (fields === undefined) return result;
    left -= Buffer.byteLength(JSON.stringify(fields));
    return left < 0 ? result : { ...result, fields };
  });
}
