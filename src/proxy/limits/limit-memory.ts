/** Memory that main and all data threads of an agent share for rate limits; it outlives a thread that is replaced. */
import { randomBytes } from 'node:crypto';
import { QuotaTable } from '../../contract/quota-table.ts';
import { SharedBuckets } from './shared-buckets.ts';

export interface LimitMemory {
  /** Local limits (SharedBuckets). */
  readonly buckets: SharedArrayBuffer;
  /** Leases of global ones (QuotaTable). */
  readonly quotas: SharedArrayBuffer;
  /** Of the hash that finds local buckets. */
  readonly seed: number;
}

export function makeLimitMemory(): LimitMemory {
  const seed = randomBytes(4).readUInt32LE();
  return { buckets: SharedBuckets.sharedMemory(), quotas: QuotaTable.sharedMemory(), seed };
}
