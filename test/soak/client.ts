/**
 * Clients in front of the proxy: lanes that each run one scenario after the other, until they are told to finish, or are killed.
 *
 * node client.ts NUMBER LANES    NUMBER is unique for each process of a run: stream numbers follow from it
 */
import { chooseScenario } from './mix.ts';
import { between, pause, report } from './plan.ts';
import { StatusError } from './scenarios/http-messages.ts';
import { Cut } from './wire.ts';

const [processNumber, lanes] = process.argv.slice(2).map(Number);

/** Between two scenarios of a lane: the machine is not to be filled, but to be worn. */
const THINK_MS = 40;

let streams = 0;
let finishing = false;

function nextStream(): number {
  streams += 1;
  return (processNumber ?? 0) * 2 ** 32 + streams;
}

/** A stream that visibly broke off, or the proxy saying that it has no server. Anything else is wrong, whoever was killed. */
function mayFollowFromKill(error: unknown): boolean {
  return error instanceof Cut || (error instanceof StatusError && error.status >= 500);
}

async function runLane(): Promise<void> {
  while (!finishing) {
    const { name, run } = chooseScenario(Math.random());
    const startedAt = Date.now();
    try {
      report({ type: 'done', scenario: name, count: 1, bytes: await run(nextStream) });
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      const failure = { side: 'client', scenario: name, sentence, startedAt, endedAt: Date.now() } as const;
      if (mayFollowFromKill(error)) report({ type: 'failed', failure });
      else report({ type: 'wrong', sentence: `${name}: ${sentence}` });
    }
    await pause(between(0, THINK_MS));
  }
}

process.on('message', () => {
  finishing = true;
});
process.on('disconnect', () => process.exit(0));
report({ type: 'ready' });
await Promise.all(Array.from({ length: lanes ?? 1 }, runLane));
process.disconnect?.();
