/** gRPC bidirectional streams by our own program in Go (bench/grpc). */
import { run } from '../place/programs.ts';
import { type Load, SMALL_BYTES } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import { type LoadResult, limitMs } from './load.ts';

/** @throws Error when a stream did not end with status OK, or an echo was none */
export async function runGrpcStream(
  load: Load & { readonly type: 'grpc-stream' },
  { address, port }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const numbers = [load.connections, load.streams, SMALL_BYTES, seconds].map(String);
  const output = await run([...pinned, 'bench-grpc', 'stream', `${address}:${port}`, ...numbers], limitMs(seconds));
  return parseGrpcStream(output, load.connections * load.streams);
}

/** @param streams how many were opened, and ended with status OK */
export function parseGrpcStream(output: string, streams: number): LoadResult {
  const report = JSON.parse(output) as Record<string, unknown>;
  const read = (name: string): number => {
    const value = report[name];
    if (typeof value !== 'number') throw new Error(`bench-grpc's report lacks the number "${name}": ${output}`);
    return value;
  };
  const latency = { p50: read('p50'), p99: read('p99'), p999: read('p999') };
  const counts = { requests: read('requests'), seconds: read('seconds'), bytes: read('bytes') };
  return { ...counts, exchanges: streams, errors: 0, errorKinds: '', latency };
}
