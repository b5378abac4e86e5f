/** Open loop by our own client; see open-loop-client.ts. */
import { join } from 'node:path';
import { run } from '../place/programs.ts';
import { quantile } from '../report/statistics.ts';
import type { Load } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import { type LoadResult, limitMs } from './load.ts';

/** It spins, so everybody else on its core must come first, at once: the upstream, above all. */
const LAST = ['chrt', '--idle', '0'];
/** Most of the time that others may have its core. */
const ABSENT_SHARE = 0.25;
const CLIENT = join(import.meta.dirname, 'open-loop-client.ts');

/** @throws Error when the client fails, or could not keep its own times: then it measured itself */
export async function runOpenLoop(
  load: Load & { readonly type: 'open-loop' },
  { address, port }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const words = [address, port, load.path, load.connections, load.ratePerSecond, seconds].map(String);
  const output = await run([...pinned, ...LAST, process.execPath, CLIENT, ...words], limitMs(seconds));
  const { absentMs } = JSON.parse(output) as { absentMs: number };
  if (absentMs > ABSENT_SHARE * 1000 * seconds) {
    throw new Error(
      `the client was kept from its core for ${Math.round(absentMs)} ms of ${seconds} s: it measured itself`,
    );
  }
  return parseOpenLoop(output);
}

export function parseOpenLoop(output: string): LoadResult {
  const { errors, errorKinds, seconds, latencies } = JSON.parse(output) as {
    errors: number;
    errorKinds: string;
    seconds: number;
    latencies: number[];
  };
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((fraction) => quantile(latencies, fraction));
  const latency = { p50: p50 ?? Number.NaN, p99: p99 ?? Number.NaN, p999: p999 ?? Number.NaN };
  return { requests: latencies.length, exchanges: latencies.length, seconds, bytes: 0, errors, errorKinds, latency };
}
