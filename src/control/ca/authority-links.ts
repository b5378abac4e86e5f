import type { TrustRecord } from '../../contract/certificate-messages.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AuditTrail } from '../record-audit.ts';
import type { RootAction } from './settings.ts';
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

/** Says in the log and in the audit trail what has happened to the roots. @param author as the caller says it; empty: control itself */
export async function recordRootChange(
  { audit, logger }: AuthorityLinks,
  action: RootAction,
  author: string,
  { roots, issuer, version }: TrustRecord,
): Promise<void> {
  logger.info({ action, issuer, roots: roots.length, version }, 'the roots changed');
  const results = roots.map(({ fingerprint }) => ({
    id: `Root..${fingerprint}`,
    outcome: 'updated' as const,
    generation: version,
  }));
  await audit.record({ action, author, requestId: '', results });
}
