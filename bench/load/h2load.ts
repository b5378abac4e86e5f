/** Closed loop over HTTP/2 by h2load (package nghttp2-client), with prior knowledge. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../place/programs.ts';
import { quantile } from '../report/statistics.ts';
import { type Load, SMALL_BYTES } from '../rows.ts';
import type { Variant } from '../subjects/subject.ts';
import { grpcMessage, UNARY_PATH } from './grpc-message.ts';
import { type LoadResult, limitMs } from './load.ts';

/** @throws Error when h2load fails, prints no summary, or spoke something else than HTTP/2 */
export async function runH2load(
  load: Load & { readonly type: 'h2load' },
  { address, port }: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-h2load-'));
  try {
    const log = join(folder, 'log');
    const body = join(folder, 'body');
    const isGrpc = load.message === 'grpc';
    if (isGrpc) writeFileSync(body, grpcMessage(SMALL_BYTES));
    const grpc = isGrpc ? ['-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers'] : [];
    const shape = ['-t', '1', '-c', String(load.connections), '-m', String(load.streams), '-D', String(seconds)];
    const url = `http://${address}:${port}${isGrpc ? UNARY_PATH : '/'}`;
    const output = await run([...pinned, 'h2load', ...shape, `--log-file=${log}`, ...grpc, url], limitMs(seconds));
    return parseH2load(output, readFileSync(log, 'latin1'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param log lines of start time, status, and microseconds, parted by tabs */
export function parseH2load(output: string, log: string): LoadResult {
  const read = (pattern: RegExp): number => {
    const text = pattern.exec(output)?.[1];
    if (text === undefined) throw new Error(`h2load printed no summary:\n${output}`);
    return Number(text);
  };
  if (!/^Application protocol: h2c$/m.test(output)) throw new Error(`h2load did not speak HTTP/2:\n${output}`);
  const requests = read(/^requests: .* (\d+) succeeded/m);
  const [failed, errored, timedOut] = ['failed', 'errored', 'timeout'].map((kind) =>
    read(new RegExp(`^requests: .* (\\d+) ${kind}`, 'm')),
  );
  const refused = read(/, (\d+) 5xx$/m) + read(/, (\d+) 4xx, /m) + read(/, (\d+) 3xx, /m);
  const errors = (failed ?? 0) + (errored ?? 0) + (timedOut ?? 0) + refused;
  return {
    requests,
    exchanges: requests,
    seconds: requests / read(/^finished in .*, ([\d.]+) req\/s/m),
    bytes: read(/^traffic: .*?\((\d+)\) total/m),
    errors,
    errorKinds: `failed ${failed}, errored ${errored}, timeout ${timedOut}, other status ${refused}`,
    latency: latencyOf(log),
  };
}

function latencyOf(log: string): LoadResult['latency'] {
  const millis = log.split('\n').flatMap((line) => {
    const [, status, micros] = line.split('\t');
    return status === '200' && micros !== undefined ? [Number(micros) / 1000] : [];
  });
  if (millis.length === 0) return null;
  return { p50: quantile(millis, 0.5), p99: quantile(millis, 0.99), p999: quantile(millis, 0.999) };
}
