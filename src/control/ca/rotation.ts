/** What a rotation of the root does next. Pure: what hosts said, who is there and the time are arguments. */
import type { HostTrust, Rotation, Trust, TrustRecord } from '../../contract/certificate-messages.ts';

export interface Audience {
  /** What each host said last, also of those that are away. */
  readonly reports: ReadonlyMap<string, HostTrust>;
  /** Hosts whose lease lives. */
  readonly live: ReadonlySet<string>;
}

export type RotationStep =
  /** `waitingFor`: live hosts that have not followed. `untilMs`: certificates of hosts that are away end then; null: not known yet. */
  | { readonly type: 'wait'; readonly waitingFor: readonly string[]; readonly untilMs: number | null }
  | { readonly type: 'reissue' }
  | { readonly type: 'drop' };

export interface Pace {
  /** Wall clock. */
  readonly nowMs: number;
  /** Each phase lasts at least this long, in ms: for a certificate that was signed and not yet reported. */
  readonly settleMs: number;
  /** Do not wait for hosts that are away. */
  readonly finish: boolean;
}

export function nextStep(
  { version, rotation }: Pick<TrustRecord, 'version'> & { readonly rotation: Rotation },
  { reports, live }: Audience,
  { nowMs, settleMs, finish }: Pace,
): RotationStep {
  const present = [...reports].filter(([host]) => live.has(host));
  const behind = present.filter(([, report]) => report.version < version || needsRenewal(report, rotation, nowMs));
  const waitingFor = behind.map(([host]) => host).sort();
  if (waitingFor.length > 0) return { type: 'wait', waitingFor, untilMs: null };
  const settledMs = rotation.sinceMs + settleMs;
  if (rotation.phase === 'spread') {
    return nowMs < settledMs ? { type: 'wait', waitingFor, untilMs: settledMs } : { type: 'reissue' };
  }
  const untilMs = finish ? settledMs : Math.max(settledMs, lastOfOldRoot(reports, rotation));
  return nowMs < untilMs ? { type: 'wait', waitingFor, untilMs } : { type: 'drop' };
}

function needsRenewal({ certificates }: HostTrust, { phase, from }: Rotation, nowMs: number): boolean {
  return phase === 'reissue' && certificates.some(({ root, notAfterMs }) => root === from && notAfterMs > nowMs);
}

function lastOfOldRoot(reports: ReadonlyMap<string, HostTrust>, { from }: Rotation): number {
  const ends = [...reports.values()].flatMap(({ certificates }) =>
    certificates.flatMap(({ root, notAfterMs }) => (root === from ? [notAfterMs] : [])),
  );
  return Math.max(0, ...ends);
}

/** The record after a step. `version` rises with the clock, so that it stays ahead of what hosts have seen even after the store was wiped. */
export function applyStep(record: TrustRecord, step: 'reissue' | 'drop', nowMs: number): TrustRecord {
  const { rotation } = record;
  if (rotation === null) return record;
  const version = nextVersion(record, nowMs);
  if (step === 'reissue') {
    return { ...record, version, issuer: rotation.to, rotation: { ...rotation, phase: 'reissue', sinceMs: nowMs } };
  }
  const roots = record.roots.filter(({ fingerprint }) => fingerprint !== rotation.from);
  return { ...record, version, roots, rotation: null };
}

/** The record with a second root, which nobody uses yet. @param nowMs wall clock */
export function beginRotation(record: TrustRecord, next: Trust['roots'][number], nowMs: number): TrustRecord {
  const rotation: Rotation = { phase: 'spread', from: record.issuer, to: next.fingerprint, sinceMs: nowMs };
  return { ...record, version: nextVersion(record, nowMs), roots: [...record.roots, next], rotation };
}

export function nextVersion({ version }: Pick<Trust, 'version'>, nowMs: number): number {
  return Math.max(version + 1, nowMs);
}

/** How roots are rotated that control does not make itself. */
export const FILES_ROTATE =
  'this control uses an authority from files: add the next root to the file of --ca-roots, exchange --ca-cert and --ca-key once every host trusts it, and take the old root out last';
