/** Records of a ring as objects. */
import type { FailureRecord } from '../../src/contract/failure-record.ts';
import { describeRecord } from '../../src/telemetry/records/describe-record.ts';
import { RecordFeed } from '../../src/telemetry/records/record-feed.ts';
import {
  AT_FIRST_BYTE,
  AT_TRACE,
  BIT_FAILED,
  BIT_LOGGED,
  BIT_SAMPLED,
  MAX_FIELDS,
  TEXT_FIELDS,
} from '../../src/telemetry/records/record-layout.ts';

export interface SeenRecord extends FailureRecord {
  readonly isFailed: boolean;
  readonly isLogged: boolean;
  readonly isSampled: boolean;
  readonly spanId: string;
  readonly parentId: string;
  readonly firstByteMs: number;
  /** Fields that the rules wanted, those of the answer behind those of the request. */
  readonly fields: readonly string[];
}

/** Each call hands out what is new. */
export function readingRecords(ring: SharedArrayBuffer): () => SeenRecord[] {
  const feed = new RecordFeed(ring);
  feed.requestIdPrefix = 'ours-';
  return () => {
    const seen: SeenRecord[] = [];
    feed.read((view) =>
      seen.push({
        ...describeRecord(view, 'here'),
        isFailed: view.has(BIT_FAILED),
        isLogged: view.has(BIT_LOGGED),
        isSampled: view.has(BIT_SAMPLED),
        spanId: view.hex(AT_TRACE + 16, 2),
        parentId: view.hex(AT_TRACE + 24, 2),
        firstByteMs: view.double(AT_FIRST_BYTE),
        fields: Array.from({ length: 2 * MAX_FIELDS }, (_, i) => view.text(TEXT_FIELDS + i)),
      }),
    );
    return seen;
  };
}
