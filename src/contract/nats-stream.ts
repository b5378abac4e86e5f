import { recordOrNull, type Session, streamRange } from './bus.ts';
import type { RecordStream } from './bus-types.ts';

/** A stream read by sequence, over whichever session is live at the moment of the call. */
export function natsStream(name: string, live: () => Session): RecordStream {
  return {
    range: () => streamRange(live().manager, name),
    read: (sequence) => recordOrNull(live().manager, name, sequence),
  };
}
