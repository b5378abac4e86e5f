/** A mesh of the full size: changes at rest, a fleet that comes back all at once, and a fleet that starts with nothing. */
import { readCpuMicros, readRssBytes } from '../measure/process-usage.ts';
import { quantile } from '../report/statistics.ts';
import { AgentsProcess, type AgentsReport } from './agents-process.ts';
import { routeManifest, serviceManifest } from './manifests.ts';
import type { Options } from './options.ts';
import { openWorld, until, type World } from './world.ts';

const PROCESSES = 4;
const BATCH = 100;
const SETTLE_MS = 120_000;
const WAIT_MS = 10_000;

export interface Fleet {
  readonly applyWait: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Of control, for each of those changes, with the leases and acknowledgements of that time. */
  readonly controlMicrosPerChange: number;
  readonly controlRssBytes: number;
  readonly controlIdleShare: number;
  /** NATS killed and started again: until every agent is connected, has compared its views and is known to control. */
  readonly reconnectMs: number;
  /** Every agent starts with no views at all and registers its workloads, control already there. */
  readonly coldStartMs: number;
}

export async function measureFleet(options: Options, say: (text: string) => void): Promise<Fleet> {
  const world = await openWorld(options.natsProgram);
  let fleet: AgentsProcess[] = [];
  try {
    say(`fleet: ${options.services} services`);
    for (let at = 0; at < options.services; at += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, options.services - at) }, (_, i) => at + i);
      await world.apply(numbers.map((i) => `${serviceManifest(i)}---\n${routeManifest(i, 1_000)}`).join('---\n'));
    }
    say(`fleet: ${options.agents} agents, ${options.endpoints} endpoints`);
    fleet = await loadFleet();
    startFleet(options, world.server, fleet);
    const coldStartMs = await until('every agent is in step', SETTLE_MS, () => isSettled(options, world, fleet));
    say(`fleet: ${options.changes} changes`);
    const changes = await measureChanges(options, world);
    const controlIdleShare = await measureIdle(world);
    say('fleet: NATS is killed and started again');
    await world.restartNats();
    const reconnectMs = await until('every agent is back', SETTLE_MS, () => isSettled(options, world, fleet));
    return { ...changes, controlRssBytes: readRssBytes(world.controlPid), controlIdleShare, reconnectMs, coldStartMs };
  } finally {
    await Promise.all(fleet.map((agents) => agents.kill()));
    await world.close();
  }
}

async function loadFleet(): Promise<AgentsProcess[]> {
  const fleet = Array.from({ length: PROCESSES }, () => new AgentsProcess());
  await Promise.all(fleet.map((agents) => agents.loaded()));
  return fleet;
}

function startFleet(options: Options, server: string, fleet: readonly AgentsProcess[]): void {
  const { agents, services, endpoints } = options;
  const each = Math.ceil(agents / PROCESSES);
  for (const [i, process] of fleet.entries()) {
    const first = Math.min(i * each, agents);
    const count = Math.min(each, agents - first);
    process.start({ server, first, count, agents, services, endpoints, dial: true });
  }
}

/** Connected, complete, known to control, with all endpoints registered, and everything acknowledged. */
async function isSettled(options: Options, world: World, fleet: readonly AgentsProcess[]): Promise<boolean> {
  const reports = await Promise.all(fleet.map((agents) => agents.report()));
  const sum = (of: (report: AgentsReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  if (sum(({ connected }) => connected) < options.agents || sum(({ complete }) => complete) < options.agents)
    return false;
  const status = await world.status();
  const synced = status.agents.filter(({ state }) => state === 'SYNCED').length;
  return synced === options.agents && status.endpoints === options.endpoints;
}

async function measureChanges(options: Options, world: World) {
  const times: number[] = [];
  const cpuBefore = readCpuMicros(world.controlPid);
  for (let i = 0; i < options.changes; i++) {
    const started = performance.now();
    const progress = await world.wait(
      await world.apply(routeManifest((i * 37) % options.services, 2_000 + i)),
      WAIT_MS,
    );
    times.push(performance.now() - started);
    if (progress.missing.length + progress.rejected.length > 0)
      throw new Error(`change ${i} is missing on ${progress.missing.length} agents`);
  }
  const cpu = readCpuMicros(world.controlPid) - cpuBefore;
  return {
    applyWait: { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), maxMs: Math.max(...times) },
    controlMicrosPerChange: cpu / options.changes,
  };
}

/** Share of one core that control takes while nothing changes: leases, probes of its own, comparing with the store. */
async function measureIdle(world: World): Promise<number> {
  const [cpuBefore, before] = [readCpuMicros(world.controlPid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  return (readCpuMicros(world.controlPid) - cpuBefore) / 1_000 / (performance.now() - before);
}
