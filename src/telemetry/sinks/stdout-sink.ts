/** Standard output. Opened anew where that is possible, for the descriptor that we were given may block. */
import { fstat, type Stats, write } from 'node:fs';
import { promisify } from 'node:util';
import { FileSink, type Output, openAppending } from './file-sink.ts';
import type { LineSink } from './sink.ts';

const OWN_OUTPUT = '/proc/self/fd/1';
const STDOUT = 1;

export function stdoutSink(): LineSink {
  return new FileSink('stdout', OWN_OUTPUT, (path) => openAppending(path).catch(() => inherited()));
}

/** A socket, as journald gives one, cannot be opened by its path. A write that blocks holds up a thread of the pool, and nobody else. */
function inherited(): Output {
  return {
    write: promisify<Buffer, number, { readonly bytesWritten: number }>((bytes, from, done) =>
      write(STDOUT, bytes, from, (error, bytesWritten) => done(error, { bytesWritten })),
    ),
    stat: promisify<Stats>((done) => fstat(STDOUT, done)) as Output['stat'],
    close: async () => {},
  };
}
