import { type Generation, type Progress, progressSchema } from '../contract/messages.ts';
import type { ControlClient } from './ask-control.ts';
import type { CommandIo } from './command.ts';

/** One question to control lasts at most this long, so that progress is shown. */
const STEP_MS = 1_000;
const MAX_NAMED = 10;

/** Waits until every live agent runs the generation; prints who is missing or refuses. Returns the exit status. */
export async function waitForAgents(
  client: ControlClient,
  { epoch, gen }: Generation,
  timeoutMs: number,
  io: CommandIo,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = Math.max(0, deadline - performance.now());
    const body = JSON.stringify({ epoch, gen, timeoutMs: Math.round(Math.min(STEP_MS, left)) });
    const progress = await client.ask('change', 'wait', body, progressSchema);
    if (progress.rejected.length > 0) return reportRejected(progress, io);
    if (progress.missing.length === 0) {
      io.err(`${progress.acknowledged}/${progress.total} agents run generation ${gen}\n`);
      return 0;
    }
    const named = `${progress.missing.slice(0, MAX_NAMED).join(', ')}${progress.missing.length > MAX_NAMED ? ', …' : ''}`;
    if (performance.now() >= deadline) {
      io.err(`${progress.acknowledged}/${progress.total} agents after ${timeoutMs} ms; missing: ${named}\n`);
      io.err('the change is stored; agents take it over as soon as they can\n');
      return 1;
    }
    io.err(`${progress.acknowledged}/${progress.total} agents; waiting for ${named}\n`);
  }
}

function reportRejected(progress: Progress, io: CommandIo): number {
  for (const { host, errors } of progress.rejected) {
    const [first] = errors;
    const why = first === undefined ? 'it gave no reason' : `${first.key}: ${first.reason}`;
    io.err(`the agent of ${host} refuses generation ${progress.gen} and keeps what it had: ${why}\n`);
  }
  return 1;
}
