import type { Logger } from '../../telemetry/logger.ts';
import type { AuditTrail } from '../record-audit.ts';
import type { TrustStore } from './trust-store.ts';

/** What the authority needs of the rest of control. */
export interface AuthorityLinks {
  readonly store: TrustStore;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  /** Only the leader makes the first root, so that two replicas do not make one each. */
  readonly leads: () => boolean;
  /** Agents hear that trust has changed. */
  readonly announce: () => void;
  readonly nowMs: () => number;
}
