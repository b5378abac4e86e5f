/**
 * `npm run bench:mesh [-- --pairs N --seconds S --json FILE]`: mutual TLS from host to host. Two agents, two HAProxy and two Envoy do the same work in the same
 * run; CPU is that of the kernel's scheduler, for the caller's and the callee's process alone.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runWrk } from '../load/wrk.ts';
import { readCpuMicros } from '../measure/process-usage.ts';
import { run } from '../place/programs.ts';
import { median, quantile } from '../report/statistics.ts';
import { parseSamples, sumSamples } from '../subjects/parse-samples.ts';
import { type MeshResult, render } from './report.ts';
import { type Pair, type World, withWorld } from './world.ts';

const inside = (namespace: string): string[] => ['ip', 'netns', 'exec', namespace, 'taskset', '-c', '0'];
const LATENCY_RATE = 1000;
const LATENCY_CONNECTIONS = 32;

interface Cost {
  readonly caller: number;
  readonly callee: number;
  readonly requests: number;
}

async function costOf({ callerPid, calleePid }: Pair, load: () => Promise<number>): Promise<Cost> {
  const before = [readCpuMicros(callerPid), readCpuMicros(calleePid)] as const;
  const requests = await load();
  return {
    caller: (readCpuMicros(callerPid) - before[0]) / requests,
    callee: (readCpuMicros(calleePid) - before[1]) / requests,
    requests,
  };
}

/** The kept-alive row of `npm run bench`, through both proxies. */
async function keepAlive(pair: Pair, seconds: number): Promise<number> {
  const variant = { label: pair.name, address: pair.address, port: pair.port, tls: false };
  const load = { type: 'wrk', path: '/', connections: 32, newConnectionEach: false } as const;
  const { requests, errors, errorKinds } = await runWrk(load, variant, seconds, inside(pair.namespace));
  if (errors > 0) throw new Error(`${pair.name}: ${errorKinds}`);
  return requests;
}

async function handshakes(world: World, pair: Pair, seconds: number): Promise<number> {
  const { door } = pair;
  if (door === null) throw new Error(`${pair.name} answers no mutual TLS`);
  const client = join(import.meta.dirname, 'handshake-client.ts');
  const words = [door.address, String(door.port), door.alpn, world.certificateFor(pair), '8', String(seconds)];
  const output = await run([...inside(world.direct.namespace), process.execPath, client, ...words]);
  const { requests, errors, lastError } = JSON.parse(output) as { requests: number; errors: number; lastError: string };
  if (errors > 0) throw new Error(`${pair.name}: ${errors} handshakes failed: ${lastError}`);
  return requests;
}

/** p50, p90 and p99, ms, of requests that leave at fixed times. */
async function latency({ namespace, address, port }: World['direct'], seconds: number): Promise<readonly number[]> {
  const client = join(import.meta.dirname, '..', 'load', 'open-loop-client.ts');
  const words = [address, port, '/1k', LATENCY_CONNECTIONS, LATENCY_RATE, seconds].map(String);
  const output = await run([...inside(namespace), 'chrt', '--idle', '0', process.execPath, client, ...words]);
  const { errors, latencies } = JSON.parse(output) as { errors: number; latencies: number[] };
  if (errors > 0) throw new Error(`${errors} requests failed`);
  return [0.5, 0.9, 0.99].map((fraction) => quantile(latencies, fraction));
}

/** Towpath's JIT compiler takes three seconds of CPU in each agent before it has settled: meanwhile a request costs twice as much. */
const warmUpSeconds = ({ name }: Pair): number => (name === 'towpath' ? 30 : name === 'towpath-plain' ? 12 : 2);
const WARM_UP_HANDSHAKES_SECONDS = 8;

function say({ name }: Pair, round: number, { caller, callee, requests }: Cost, shaken: Cost | null): void {
  const which = round < 0 ? 'warm-up' : `round ${round + 1}`;
  const handshake = shaken === null ? '' : `, ${shaken.callee.toFixed(0)} us/handshake`;
  const costs = `${caller.toFixed(1)} and ${callee.toFixed(1)} us/request over ${requests} requests${handshake}`;
  process.stderr.write(`bench: ${name}, ${which}: ${costs}\n`);
}

/** The wire is what it is said to be: the agents' own counters. */
async function handshakesOfAgent(world: World): Promise<number> {
  const samples = parseSamples(await world.metrics('callee'));
  return sumSamples(samples, 'towpath_tls_handshakes_total', { side: 'server', resumed: 'false' });
}

async function measure(world: World, pairs: number, seconds: number): Promise<MeshResult[]> {
  const costs = new Map<string, { keepAlive: Cost[]; handshake: Cost[]; latency: (readonly number[])[] }>();
  const direct: (readonly number[])[] = [];
  for (const { name } of world.pairs) costs.set(name, { keepAlive: [], handshake: [], latency: [] });
  for (let round = -1; round < pairs; round++) {
    // There and back, so that a drift of the machine weighs on all alike; the first round warms up.
    const order = round % 2 === 0 ? world.pairs : world.pairs.toReversed();
    if (round >= 0) direct.push(await latency(world.direct, 2 * seconds));
    for (const pair of order) {
      const found = costs.get(pair.name);
      const length = round < 0 ? warmUpSeconds(pair) : seconds;
      const kept = await costOf(pair, () => keepAlive(pair, length));
      const before = await handshakesOfAgent(world);
      const shakeLength = Math.min(length, Math.max(seconds, WARM_UP_HANDSHAKES_SECONDS));
      const shaken = pair.door === null ? null : await costOf(pair, () => handshakes(world, pair, shakeLength));
      if (pair.name === 'towpath' && (await handshakesOfAgent(world)) - before !== shaken?.requests)
        throw new Error('the callee did not make as many full handshakes as the client');
      say(pair, round, kept, shaken);
      if (round < 0) continue;
      found?.keepAlive.push(kept);
      if (shaken !== null) found?.handshake.push(shaken);
      found?.latency.push(await latency(pair, 2 * seconds));
    }
  }
  const middle = (values: readonly (readonly number[])[]): readonly number[] =>
    [0, 1, 2].map((place) => median(values.map((one) => one[place] ?? Number.NaN)));
  const rows = [...costs].map(
    ([name, { keepAlive: kept, handshake, latency: times }]): MeshResult => ({
      name,
      callerMicros: median(kept.map(({ caller }) => caller)),
      calleeMicros: median(kept.map(({ callee }) => callee)),
      handshakeMicros: handshake.length === 0 ? null : median(handshake.map(({ callee }) => callee)),
      latencyMs: middle(times),
    }),
  );
  return [
    ...rows,
    { name: 'none', callerMicros: 0, calleeMicros: 0, handshakeMicros: null, latencyMs: middle(direct) },
  ];
}

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});
const results = await withWorld((world) => measure(world, Number(values.pairs), Number(values.seconds)));
process.stdout.write(render(results));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
