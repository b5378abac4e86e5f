/** One stream of bytes by iperf3, from client to server. */
import { run } from '../place/programs.ts';
import { BULK_REQUEST_BYTES } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import { type LoadResult, limitMs } from './load.ts';

/** @throws Error when iperf3 fails */
export async function runIperf3(
  { address, port }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const command = [...pinned, 'iperf3', '-c', address, '-p', String(port), '-t', String(seconds), '-J'];
  return parseIperf3(await run(command, limitMs(seconds)));
}

export function parseIperf3(output: string): LoadResult {
  const report = JSON.parse(output) as { end?: { sum_received?: { bytes?: number; seconds?: number } } };
  const { bytes, seconds } = report.end?.sum_received ?? {};
  if (bytes === undefined || seconds === undefined) throw new Error(`iperf3 reported no bytes:\n${output}`);
  return {
    requests: bytes / BULK_REQUEST_BYTES,
    exchanges: null,
    seconds,
    bytes,
    errors: 0,
    errorKinds: '',
    latency: null,
  };
}
