/** `npm run chaos`: what may change and break without losing a request, under steady load. Needs root. `-- --help` tells more. */
import { accessSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bringUpLab, decodeTopology, findTowpath, takeDownLab } from '../src/lab/index.ts';
import { TestLab, type TopologyInput } from '../test/network/support/lab.ts';
import * as control from './chaos/control-scenarios.ts';
import * as endpoints from './chaos/endpoint-scenarios.ts';
import { Load } from './chaos/load.ts';
import { Mesh } from './chaos/mesh.ts';
import {
  HELP,
  type Options,
  parseOptions,
  SCENARIOS,
  type ScenarioName,
  UsageError,
  type Where,
} from './chaos/options.ts';
import { play, type Scenario, type Stage } from './chaos/scenario.ts';
import {
  CLUSTER_SERVERS,
  CONTROLS,
  clusterTopology,
  ENDPOINTS,
  MOST_ENDPOINTS,
  SERVICES,
  singleTopology,
} from './chaos/topologies.ts';
import { hasPassed, type Outcome, renderOutcome } from './chaos/total.ts';

const PLAYS: Readonly<Record<ScenarioName, Scenario>> = {
  routes: endpoints.changeRoutes,
  scale: endpoints.scale,
  'restart-graceful': endpoints.restartGracefully,
  'restart-kill': endpoints.restartKilled,
  'restart-agents': endpoints.restartAgents,
  control: control.killControl,
  nats: control.killNats,
  wipe: control.wipeStore,
  node: control.killNode,
  controls: control.raceControls,
};
const CLUSTER_PROGRAM = fileURLToPath(new URL('../.tools/bin/nats-server-current', import.meta.url));
const FIRST_MS = 60_000;
const labName = (where: Where): string => `chaos-${where}`;
const interrupted = new AbortController();

function topologyOf(where: Where, names: readonly ScenarioName[]): TopologyInput {
  if (where === 'single') return singleTopology(names.includes('scale') ? MOST_ENDPOINTS : ENDPOINTS);
  try {
    accessSync(CLUSTER_PROGRAM);
  } catch {
    throw new Error('nats-server-current is not in .tools/bin: install Go and run: bash scripts/setup.sh test');
  }
  return clusterTopology(CLUSTER_PROGRAM, findTowpath());
}

async function bringUp(where: Where, names: readonly ScenarioName[]): Promise<Mesh> {
  const topology = decodeTopology(topologyOf(where, names), labName(where));
  if (!topology.ok) throw new Error(topology.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const options = { towpath: findTowpath(), progress: () => undefined, signal: interrupted.signal };
  const { plan } = await bringUpLab(topology.value, labName(where), options);
  const lab = new TestLab(plan);
  const mesh =
    where === 'single'
      ? new Mesh(lab, 'nats://127.0.0.1:4222', 'control')
      : new Mesh(lab, CLUSTER_SERVERS.join(','), CONTROLS[0]);
  await lab.waitFor('control to take the services', FIRST_MS, async () => {
    const { exitCode } = await mesh.towpath(['apply', '-f', '-'], SERVICES);
    return exitCode === 0;
  });
  await mesh.inStep();
  if (names.includes('scale')) await endpoints.dismissExtraHosts(mesh);
  return mesh;
}

/** A new lab under load. */
async function setStage(where: Where, names: readonly ScenarioName[], options: Options): Promise<Stage> {
  await takeDownLab(labName(where)); // of a run that was kept or killed
  const started = performance.now();
  const mesh = await bringUp(where, names);
  const load = new Load(mesh.lab, await mesh.virtualIpOf('orders'), options.rate);
  await mesh.lab.waitFor('a second without a loss', FIRST_MS, async () => (await load.sample(1_000)).lost === 0);
  console.log(`     lab ${labName(where)}: ${mesh.lab.plan.hosts.length} hosts, up in ${seconds(started)} s`);
  return { mesh, load, options };
}

/** All chosen scenarios of one lab. One that did not come back gets the next a new lab. */
async function playIn(where: Where, options: Options): Promise<Outcome[]> {
  const here = SCENARIOS.filter((one) => one.where === where).map(({ name }) => name);
  const names = options.scenarios.filter((name) => here.includes(name));
  const outcomes: Outcome[] = [];
  let stage: Stage | null = null;
  for (const name of names) {
    stage ??= await setStage(where, names, options);
    const outcome = await play(name, PLAYS[name], stage);
    console.log(renderOutcome(outcome));
    outcomes.push(outcome);
    if (outcome.failure === null || options.keep) continue;
    await stage.mesh.lab.close();
    stage = null;
  }
  await stage?.load.end();
  if (!options.keep) await stage?.mesh.lab.close();
  return outcomes;
}

async function main(options: Options): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root; run it as root or with sudo');
  const started = performance.now();
  console.log(`     ${options.rate} requests a second, open loop, to three nginx on hosts with agents`);
  const outcomes = [...(await playIn('single', options)), ...(await playIn('cluster', options))];
  const passed = outcomes.filter(hasPassed).length;
  console.log(`     that took ${seconds(started)} s`);
  console.log(`chaos: ${passed} scenarios passed, ${outcomes.length - passed} failed`);
  return passed === outcomes.length ? 0 : 1;
}

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(0);

async function cleanUp(): Promise<void> {
  for (const where of ['single', 'cluster'] as const) {
    await takeDownLab(labName(where)).catch((error: Error) => console.error(`chaos: ${error.message}`));
  }
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    console.error('\nchaos: interrupted, cleaning up');
    interrupted.abort();
    void cleanUp().then(() => process.exit(status));
  });
}
try {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) process.stdout.write(HELP);
  process.exit(options === null ? 0 : await main(options));
} catch (error) {
  console.error(`chaos: ${(error as Error).message}`);
  if (error instanceof UsageError) {
    console.error('Try: npm run chaos -- --help');
    process.exit(2);
  }
  await cleanUp();
  process.exit(1);
}
