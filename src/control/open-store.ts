import { type Bus, BusError } from '../contract/bus-types.ts';
import { MAX_RECORD_BYTES, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { LARGEST_LOG_RECORD } from '../contract/log-batch.ts';
import type { BucketName, Subjects } from '../contract/subjects.ts';
import { err, ok, type Result } from '../core/result.ts';
import { LOCK_TTL_MS } from './leader-lock.ts';
import type { ControlSettings } from './settings.ts';

const AUDIT_AGE_MS = 400 * 24 * 60 * 60 * 1000;
const AUDIT_BYTES = 64 * 1024 * 1024;
const LOG_AGE_MS = 24 * 60 * 60 * 1000;
const LOG_BYTES = 256 * 1024 * 1024;
/** Longer than the longest window: what was granted is kept as long as it counts. */
const QUOTA_TTL_MS = 25 * 60 * 60 * 1000;
/** Clusters of older servers lose and mix up records. */
const OLDEST_CLUSTER = [2, 10, 23] as const;

interface Shape {
  readonly name: BucketName;
  readonly history: number;
  readonly ttlMs: number | null;
  readonly republish: boolean;
  readonly maxValueBytes: number;
}

function shapes(settings: ControlSettings): Shape[] {
  const plain = { history: 1, ttlMs: null, republish: true, maxValueBytes: MAX_RECORD_BYTES };
  return [
    { ...plain, name: 'config', history: 32, maxValueBytes: MAX_VIEW_BYTES },
    { ...plain, name: 'view', maxValueBytes: MAX_VIEW_BYTES },
    { ...plain, name: 'endpoint' },
    { ...plain, name: 'lease', ttlMs: settings.leaseTtlMs },
    { ...plain, name: 'status', history: 5, republish: false },
    { ...plain, name: 'join', history: 5, republish: false },
    { ...plain, name: 'trust', history: 5, republish: false },
    { ...plain, name: 'quota', ttlMs: QUOTA_TTL_MS, republish: false },
    { ...plain, name: 'lock', ttlMs: LOCK_TTL_MS, republish: false },
  ];
}

/** Creates the buckets and the audit stream where they are not there yet; existing ones stay as they are. Rejects with BusError. */
export async function openStore(bus: Bus, subjects: Subjects, settings: ControlSettings): Promise<void> {
  const replicas = replicasFor(settings.replicas, bus.clustered, bus.serverVersion);
  if (!replicas.ok) throw new BusError('other', replicas.error);
  for (const shape of shapes(settings)) {
    await bus.ensureBucket(subjects.bucket(shape.name), {
      history: shape.history,
      ttlMs: shape.ttlMs,
      republishPrefix: shape.republish ? subjects.republished(shape.name, '').slice(0, -1) : null,
      replicas: replicas.value,
      maxValueBytes: shape.maxValueBytes,
    });
  }
  await bus.ensureStream({
    name: subjects.auditStream,
    subjects: [subjects.audit('>')],
    maxAgeMs: AUDIT_AGE_MS,
    maxBytes: AUDIT_BYTES,
    maxRecordBytes: null,
    replicas: replicas.value,
    isSealed: true,
  });
}

/**
 * Creates the stream of access logs where it is not there yet. One copy: lines are many, and each can be spared. Rejects with
 * BusError, so when the server has not so much room.
 */
export function openLogStream(bus: Bus, subjects: Subjects): Promise<void> {
  return bus.ensureStream({
    name: subjects.logStream,
    subjects: [subjects.log('*')],
    maxAgeMs: LOG_AGE_MS,
    maxBytes: LOG_BYTES,
    maxRecordBytes: LARGEST_LOG_RECORD,
    replicas: 1,
    isSealed: false,
  });
}

/** How many copies of each bucket are asked for; a sentence when the server cannot keep them. */
export function replicasFor(
  wanted: ControlSettings['replicas'],
  clustered: boolean,
  serverVersion: string | null,
): Result<number, string> {
  const count = wanted === 'auto' ? (clustered ? 3 : 1) : wanted;
  if (count === 1) return ok(1);
  if (!clustered)
    return err(
      `${count} replicas need a cluster of nats-servers; this one stands alone: start it with a cluster block, or use --replicas 1`,
    );
  if (serverVersion !== null && isOlder(serverVersion, OLDEST_CLUSTER)) {
    return err(
      `${count} replicas need nats-server ${OLDEST_CLUSTER.join('.')} or later; this cluster runs ${serverVersion}, whose clusters lose records: upgrade it, or use --replicas 1`,
    );
  }
  return ok(count);
}

function isOlder(version: string, limit: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [i, wanted] of limit.entries()) {
    const part = parts[i] ?? 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}
