/** What a connection is called in answers of ours, in logs and by `towpath why`. */
import { randomBytes } from 'node:crypto';
import type { ConnectionRecord } from '../connection-record.ts';

/** Unique for each thread and start; the counter makes the rest. */
const PREFIX = randomBytes(5).toString('hex');
let counter = 0;

/** The same for the whole life of the connection; made when first asked for. */
export function connectionId(record: ConnectionRecord): string {
  if (record.id === '') {
    counter++;
    record.id = `${PREFIX}${counter.toString(36)}`;
  }
  return record.id;
}

/** Of the request that is, or was last, under way on it. */
export function requestIdOf(record: ConnectionRecord): string {
  return `${connectionId(record)}-${record.requests}`;
}
