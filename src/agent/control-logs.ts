import { type Bus, BusError } from '../contract/bus-types.ts';
import { LINES_HEADER, type LogSource, SOURCE_HEADER } from '../contract/log-batch.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { LogStore, StoreOutcome } from '../telemetry/sinks/stream-sink.ts';

/** Stores lines of this host's access log in the stream of the mesh. */
export function logStore(bus: Bus, subjects: Subjects, host: string, source: LogSource): LogStore {
  const about = JSON.stringify(source);
  return {
    append: async ({ id, lines, count }) => {
      const headers = { [LINES_HEADER]: String(count), [SOURCE_HEADER]: about };
      try {
        await bus.append(subjects.log(host), lines, id, headers);
        return { type: 'stored' };
      } catch (cause) {
        return outcomeOf(cause);
      }
    },
  };
}

function outcomeOf(cause: unknown): StoreOutcome {
  const code = cause instanceof BusError ? cause.code : 'other';
  const problem = cause instanceof Error ? cause.message : String(cause);
  if (code === 'no-responders') return { type: 'later', problem: 'the mesh has no stream for access logs' };
  // What the stream itself refuses, such as a batch that is too large, it would refuse again.
  return { type: code === 'refused' ? 'refused' : 'later', problem };
}
