/** What an agent pays for services that nobody on its host uses, and what control holds, with ever more services. */
import { readRssBytes } from '../measure/process-usage.ts';
import { sleep } from '../place/programs.ts';
import { AgentsProcess } from './agents-process.ts';
import { serviceManifest } from './manifests.ts';
import type { Options } from './options.ts';
import { openWorld, until, type World } from './world.ts';

/** Several agents in one process, so that a page more or less of its own does not matter. */
const AGENTS = 20;
const BATCH = 200;
/** After a burst, V8 gives back what it grew by. */
const CALM_MS = 1_500;

export interface Growth {
  readonly services: number;
  readonly controlRssBytes: number;
  /** Of one agent beyond what it has with the smallest number of services; null for that one. */
  readonly agentBytesPerService: number | null;
  readonly agentHeapBytesPerService: number | null;
}

export async function measureGrowth(options: Options, say: (text: string) => void): Promise<Growth[]> {
  const world = await openWorld(options.natsProgram);
  const order = { server: world.server, first: 0, count: AGENTS, agents: AGENTS, services: 1, endpoints: 0 };
  const agents = new AgentsProcess();
  await agents.loaded();
  agents.start({ ...order, dial: false });
  try {
    const found: { services: number; controlRssBytes: number; rssBytes: number; heapBytes: number }[] = [];
    let there = 0;
    for (const size of options.sizes) {
      say(`growth: ${size} services`);
      there = await addServices(world, there, size);
      await until('every agent knows them', 60_000, async () => (await agents.report()).directoryServices >= size);
      await sleep(CALM_MS);
      const { rssBytes, heapBytes } = await agents.report(true);
      found.push({ services: size, controlRssBytes: readRssBytes(world.controlPid), rssBytes, heapBytes });
    }
    const [base] = found;
    return found.map((one) => {
      const each = (bytes: number, before: number): number =>
        (bytes - before) / AGENTS / (one.services - (base?.services ?? 0));
      const isBase = one === base || base === undefined;
      return {
        services: one.services,
        controlRssBytes: one.controlRssBytes,
        agentBytesPerService: isBase ? null : each(one.rssBytes, base.rssBytes),
        agentHeapBytesPerService: isBase ? null : each(one.heapBytes, base.heapBytes),
      };
    });
  } finally {
    await agents.kill();
    await world.close();
  }
}

async function addServices(world: World, from: number, to: number): Promise<number> {
  for (let at = from; at < to; at += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, to - at) }, (_, i) => at + i);
    await world.apply(numbers.map(serviceManifest).join('---\n'));
  }
  return to;
}
