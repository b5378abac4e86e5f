/** Closed loop by wrk: as many requests as the subject answers. */
import { join } from 'node:path';
import { run } from '../place/programs.ts';
import type { Load } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import { type LoadResult, limitMs } from './load.ts';

/** @throws Error when wrk fails or prints no summary */
export async function runWrk(
  load: Load & { readonly type: 'wrk' },
  { address, port, tls }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const headers = load.newConnectionEach ? ['-H', 'Connection: close'] : [];
  const shape = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '-s', join(import.meta.dirname, 'summary.lua')];
  const url = `${tls ? 'https' : 'http'}://${address}:${port}${load.path}`;
  return parseWrk(await run([...pinned, 'wrk', ...shape, ...headers, url], limitMs(seconds)));
}

export function parseWrk(output: string): LoadResult {
  const line = /^SUMMARY (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output}`);
  const summary = JSON.parse(line) as Record<string, number | string>;
  const read = (name: string): number => {
    const value = summary[name];
    if (typeof value !== 'number') throw new Error(`wrk's summary lacks the number "${name}": ${line}`);
    return value;
  };
  const latency = { p50: read('p50') / 1000, p99: read('p99') / 1000, p999: read('p999') / 1000 };
  const requests = read('requests');
  const counts = { requests, exchanges: requests, bytes: read('bytes'), errors: read('errors') };
  return { ...counts, seconds: read('micros') / 1e6, errorKinds: String(summary['kinds']), latency };
}
