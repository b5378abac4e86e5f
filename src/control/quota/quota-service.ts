import type { Bus } from '../../contract/bus-types.ts';
import type { QuotaRecord } from '../../contract/quota-messages.ts';
import type { Subjects } from '../../contract/subjects.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AuditTrail } from '../record-audit.ts';
import { keyOfBucket, LeaseDesk } from './lease-desk.ts';
import { policyKeyOf } from './policy-limits.ts';

/** Leases of global limits, answered by every control, whether it leads or not; what is nearly used up is told to the audit trail. */
export class QuotaService {
  readonly #desk: LeaseDesk;
  readonly #audit: AuditTrail;
  #started = false;

  constructor(bus: Bus, subjects: Subjects, logger: Logger) {
    this.#audit = new AuditTrail(bus, subjects, logger);
    this.#desk = new LeaseDesk(bus, subjects, (record, percent) => this.#tell(record, percent), logger);
  }

  /** Once the store is there; again is harmless. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#desk.start();
  }

  stop(): void {
    this.#desk.stop();
  }

  /** ms since 1970, by the clock that windows go by. */
  now(): number {
    return this.#desk.now() ?? Date.now();
  }

  stats(): { readonly leases: number; readonly conflicts: number; readonly failures: number } {
    const { leases, conflicts, failures } = this.#desk;
    return { leases, conflicts, failures };
  }

  #tell(record: QuotaRecord, percent: 80 | 100): void {
    const { rule, caller, key, service, requests, windowMs, current } = record;
    void this.#audit.record({
      action: percent === 80 ? 'quota-80' : 'quota-100',
      author: 'towpath-control',
      requestId: `${keyOfBucket(record)}-${current.start}`,
      results: [
        {
          id: policyKeyOf(rule) ?? rule,
          outcome: 'reached',
          generation: 0,
          fields: [
            { path: 'service', after: service },
            { path: 'caller', after: caller === '' ? key : caller },
            { path: 'limit', after: `${requests} in ${windowMs} ms` },
            { path: 'percent', after: percent },
          ],
        },
      ],
    });
  }
}
