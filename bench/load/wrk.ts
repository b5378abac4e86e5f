/** Closed loop by wrk: as many requests as the subject answers. */
import { join } from 'node:path';
import { run } from '../place/programs.ts';
import type { Load } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import type { LoadResult } from './load.ts';

/** @throws Error when wrk fails or prints no summary */
export async function runWrk(
  load: Load & { readonly type: 'wrk' },
  { address, port }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const headers = load.newConnectionEach ? ['-H', 'Connection: close'] : [];
  const shape = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '-s', join(import.meta.dirname, 'summary.lua')];
  return parseWrk(await run([...pinned, 'wrk', ...shape, ...headers, `http://${address}:${port}${load.path}`]));
}

export function parseWrk(output: string): LoadResult {
  const line = /^SUMMARY (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output}`);
  const { requests, micros, bytes, errors, p50, p99, p999 } = JSON.parse(line) as Record<string, number>;
  const fields = [requests, micros, bytes, errors, p50, p99, p999].map(Number);
  if (fields.some(Number.isNaN)) throw new Error(`wrk's summary lacks a number: ${line}`);
  const [count = 0, duration = 0, size = 0, failed = 0, ...percentiles] = fields;
  const [low = 0, high = 0, highest = 0] = percentiles.map((value) => value / 1000);
  const latency = { p50: low, p99: high, p999: highest };
  return { requests: count, seconds: duration / 1e6, bytes: size, errors: failed, latency };
}
