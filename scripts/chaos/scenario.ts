/** One scenario under load, and the proof that the mesh can be steered afterwards. */
import type { Load } from './load.ts';
import type { Mesh } from './mesh.ts';
import type { Options } from './options.ts';
import type { Outcome } from './total.ts';

/** What a scenario works with. */
export interface Stage {
  readonly mesh: Mesh;
  readonly load: Load;
  readonly options: Options;
}

/** Does its harm and answers with what it did, in numbers. Throws when something did not come back. */
export type Scenario = (stage: Stage) => Promise<string>;

/** ms of load before and after each scenario. */
const CALM_MS = 1_000;
const SHARE_MS = 500;

/** Runs it, and then a change that every agent must put in force. */
export async function play(name: string, scenario: Scenario, stage: Stage): Promise<Outcome> {
  await stage.load.reset();
  const started = performance.now();
  let detail = '';
  let failure: string | null = null;
  try {
    await stage.load.sample(CALM_MS);
    detail = await scenario(stage);
    await proveSteering(stage);
    await stage.load.sample(CALM_MS);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const total = await stage.load.reset();
  return { scenario: name, seconds: (performance.now() - started) / 1_000, total, detail, failure };
}

async function proveSteering({ mesh, load }: Stage): Promise<void> {
  for (const endpoint of [1, 2]) {
    await mesh.inStep();
    await mesh.pin(endpoint);
    const { answers } = await load.sample(SHARE_MS);
    const found = Object.keys(answers).join(', ');
    if (found !== `orders-${endpoint}`) throw new Error(`all go to orders-${endpoint} now, but these answer: ${found}`);
  }
  await mesh.unpin();
}

/** Waits until exactly these endpoints answer. */
export async function untilAnswering({ mesh, load }: Stage, names: readonly string[], limitMs: number): Promise<void> {
  const wanted = [...names].sort().join(' ');
  await mesh.lab.waitFor(`the answers to come from ${wanted}`, limitMs, async () => {
    const { answers } = await load.sample(SHARE_MS);
    return Object.keys(answers).sort().join(' ') === wanted;
  });
}
