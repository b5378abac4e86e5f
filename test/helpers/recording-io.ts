/** A `CommandIo` that keeps what a command writes. */
import type { CommandIo } from '../../src/cli/command.ts';

export function recordingIo(env: CommandIo['env'] = {}): {
  readonly io: CommandIo;
  readonly written: { out: string; err: string };
} {
  const written = { out: '', err: '' };
  const io = {
    out: (text: string): void => {
      written.out += text;
    },
    err: (text: string): void => {
      written.err += text;
    },
    colour: false,
    env,
  };
  return { io, written };
}
