/** Towpath's command line in this process, against one server, and files for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../../src/cli/run-cli.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandLine {
  run(...args: readonly string[]): Promise<Ran>;
  /** Writes a file and returns its path. */
  file(name: string, text: string): Promise<string>;
  dispose(): Promise<void>;
}

/** Every run connects anew, as a process of its own would. */
export async function commandLine(server: string): Promise<CommandLine> {
  const directory = await mkdtemp(join(tmpdir(), 'towpath-cli-'));
  return {
    run: async (...args) => {
      const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: server });
      const status = await runCli(args, io);
      return { status, ...written };
    },
    file: async (name, text) => {
      const path = join(directory, name);
      await writeFile(path, text);
      return path;
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
