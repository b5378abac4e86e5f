import { join } from 'node:path';
import t from 'tap';
import type { AgentParts } from '../../../src/agent/agent-parts.ts';
import { buildParts } from '../../../src/agent/build-parts.ts';
import { Stopper } from '../../../src/agent/stop-agent.ts';
import { InterceptionKeeper } from '../../../src/intercept/index.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';
import { agentOptions } from '../../helpers/agent-options.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';

/** Real parts whose steps are noted on the way; the rules, which need root, are noted only. */
async function partsWithNotes(t: Tap, steps: string[], failing: readonly string[] = []): Promise<AgentParts> {
  const options = await agentOptions(join(t.testdir(), 'state'));
  const { logger } = recordingLogger();
  const parts = await buildParts(options, logger, () => 'running', new AsyncDisposableStack());
  const note = async (name: string, step: () => Promise<void> = async () => undefined): Promise<void> => {
    steps.push(name);
    await step();
    if (failing.includes(name)) throw new Error(`${name} does not work today`);
  };
  const { threads, source } = parts;
  const keeper = new InterceptionKeeper(DEFAULT_SETTINGS, { onEvent: () => undefined });
  keeper.release = () => note('release rules');
  keeper.stop = () => note('remove rules');
  const [withdraw, rest, stopSource, drain, stopThreads] = [
    source.withdraw.bind(source),
    source.rest.bind(source),
    source.stop.bind(source),
    threads.drain.bind(threads),
    threads.stop.bind(threads),
  ];
  source.withdraw = async () => {
    await note('withdraw');
    return withdraw();
  };
  source.rest = () => note('rest', rest);
  source.stop = () => note('close link', stopSource);
  threads.drain = (ms) => note('drain', () => drain(ms));
  threads.stop = () => note('end threads', stopThreads);
  return { ...parts, keeper };
}
type Tap = { testdir(): string };

const ORDER = ['withdraw', 'release rules', 'rest', 'drain', 'remove rules', 'end threads', 'close link'];

t.test(
  'workloads are withdrawn first, then rules released, connections drained, and only then is anything ended',
  async (t) => {
    const steps: string[] = [];
    let phase = 'running';
    const stopper = new Stopper(await partsWithNotes(t, steps), () => {
      phase = 'draining';
    });
    stopper.stop('a signal');
    t.equal(phase, 'draining', 'not ready from this moment');
    t.equal(await stopper.ended, 0);
    t.strictSame(steps, ORDER);
  },
);

t.test('a step that fails does not keep the others from their work, and shows in the exit status', async (t) => {
  for (const failing of ORDER) {
    const steps: string[] = [];
    const stopper = new Stopper(await partsWithNotes(t, steps, [failing]), () => undefined);
    stopper.stop('a signal');
    t.equal(await stopper.ended, 1, `${failing} fails`);
    t.strictSame(steps, ORDER);
  }
});

t.test('callers by mutual TLS hear of it before the rules go: a second, or the time to drain', async (t) => {
  for (const [drainSeconds, ms] of [
    [5, 1000],
    [0.3, 300],
  ] as const) {
    const parts = await partsWithNotes(t, []);
    const config = { ...parts.options.config, drainSeconds };
    let [withdrawnAt, releasedAt] = [0, 0];
    parts.source.withdraw = async () => {
      withdrawnAt = performance.now();
      return 'peers-listen';
    };
    const keeper = new InterceptionKeeper(DEFAULT_SETTINGS, { onEvent: () => undefined });
    keeper.stop = async () => undefined;
    keeper.release = async () => {
      releasedAt = performance.now();
    };
    const stopper = new Stopper({ ...parts, keeper, options: { ...parts.options, config } }, () => undefined);
    stopper.stop('a signal');
    t.equal(await stopper.ended, 0);
    t.ok(releasedAt - withdrawnAt >= ms - 5, `${Math.round(releasedAt - withdrawnAt)} ms`);
    t.equal(releasedAt - withdrawnAt >= 990, ms === 1000);
  }
});

t.test('asked twice, it does not wait for callers, nor for connections that stay', async (t) => {
  const parts = await partsWithNotes(t, []);
  parts.source.withdraw = async () => 'peers-listen';
  const never = {
    ...parts,
    threads: Object.assign(parts.threads, { drain: () => new Promise<void>(() => undefined) }),
  };
  const stopper = new Stopper(never, () => undefined);
  stopper.stop('a signal');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const again = performance.now();
  stopper.stop('another signal');
  t.equal(await stopper.ended, 0);
  t.ok(performance.now() - again < 800);
});
