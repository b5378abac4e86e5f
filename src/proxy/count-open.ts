import type { ConnectionRecord, Ending, RecordSink } from './connection-record.ts';
import type { Journal } from './journal/journal.ts';
import { VITAL_CONNECTIONS } from './thread-start.ts';

/** Keeps the number of open connections among the vitals, for main, tells the journal of ends, and hands everything on. */
export function countOpen(sink: RecordSink, vitals: Float64Array, journal: Pick<Journal, 'connection'>): RecordSink {
  return {
    opened: (record: ConnectionRecord): void => {
      vitals[VITAL_CONNECTIONS]++;
      sink.opened(record);
    },
    decided: (record: ConnectionRecord): void => sink.decided(record),
    moved: (record: ConnectionRecord): void => sink.moved(record),
    closed: (record: ConnectionRecord, ending: Ending): void => {
      vitals[VITAL_CONNECTIONS]--;
      journal.connection(record, ending);
      sink.closed(record, ending);
    },
    closedTwice: (record: ConnectionRecord): void => sink.closedTwice(record),
  };
}
