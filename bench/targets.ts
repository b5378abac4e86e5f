/** What Towpath promises about its own cost, and whether a run kept it. Pure. */
import type { Memory } from './measure/measure-memory.ts';
import type { Overhead } from './overhead/overhead.ts';
import type { Comparison, Result } from './report/summarize.ts';
import type { SubjectName } from './subjects/subject.ts';

export type Target =
  /** Largest median of Towpath's CPU per request over that peer's. */
  | { readonly type: 'cpu'; readonly row: string; readonly peer: SubjectName; readonly limit: number }
  /** Largest median of Towpath's CPU per request with access log and traces over that with metrics alone. */
  | { readonly type: 'overhead'; readonly row: string; readonly limit: number }
  /** Most milliseconds that it adds to the latency without a proxy. */
  | { readonly type: 'latency'; readonly row: string; readonly percentile: 'p50Ms' | 'p99Ms'; readonly limit: number }
  /** Most bytes of user space: of an idle process, or for each idle connection. */
  | { readonly type: 'memory'; readonly row: string; readonly of: 'process' | 'tcp' | 'http1'; readonly limit: number };

export const TARGETS: readonly Target[] = [
  ...cpu('h1-keepalive', { haproxy: 1.1, envoy: 0.5 }),
  ...cpu('h1-16k', { haproxy: 1, envoy: 0.6 }),
  ...cpu('h1-1m', { haproxy: 1, envoy: 0.6 }),
  { type: 'overhead', row: 'h1-watched', limit: 1.15 },
  // The better of the two counts: both must be reached.
  ...cpu('h2-multiplexed', { haproxy: 1.2, nghttpx: 1.2, envoy: 0.5 }),
  ...cpu('h2-single', { haproxy: 1.2, envoy: 0.6 }),
  ...cpu('grpc-unary', { envoy: 0.6 }),
  ...cpu('grpc-stream', { envoy: 0.6 }),
  ...cpu('h1-tls-upstream', { haproxy: 1, envoy: 0.6 }),
  // 1.6 and 2 times the bytes per CPU-second.
  ...cpu('tcp-bulk', { haproxy: 1 / 1.6, envoy: 1 / 2 }),
  ...cpu('tcp-short', { haproxy: 1.25, envoy: 1 }),
  ...cpu('h1-short', { haproxy: 1.25, envoy: 1 }),
  { type: 'latency', row: 'latency-1k', percentile: 'p50Ms', limit: 0.1 },
  { type: 'latency', row: 'latency-1k', percentile: 'p99Ms', limit: 0.3 },
  { type: 'memory', row: 'memory', of: 'process', limit: 80e6 },
  { type: 'memory', row: 'memory', of: 'tcp', limit: 2048 },
  { type: 'memory', row: 'memory', of: 'http1', limit: 4096 },
];

export interface Verdict {
  readonly target: Target;
  /** null: it could not be measured. */
  readonly measured: number | null;
  readonly kept: boolean;
}

/** What a run has measured. */
export interface Findings {
  readonly results: readonly Result[];
  readonly comparisons: readonly Comparison[];
  readonly memories: readonly Memory[];
  readonly overheads: readonly Overhead[];
}

/** One verdict for each target of these rows and in terms of these peers; a target whose figure is missing is not kept. */
export function judge(rows: readonly string[], peers: readonly SubjectName[], findings: Findings): Verdict[] {
  const asked = TARGETS.filter(
    (target) => rows.includes(target.row) && (target.type !== 'cpu' || peers.includes(target.peer)),
  );
  return asked.map((target) => {
    const measured = measure(target, findings);
    return { target, measured, kept: measured !== null && measured <= target.limit };
  });
}

/** Whether Towpath's cost in that row is promised in terms of that peer's. */
export function isJudged(row: string, peer: SubjectName): boolean {
  return TARGETS.some((target) => target.type === 'cpu' && target.row === row && target.peer === peer);
}

function measure(target: Target, { results, comparisons, memories, overheads }: Findings): number | null {
  switch (target.type) {
    case 'cpu':
      return comparisons.find(({ row, peer }) => row === target.row && peer === target.peer)?.ratio.middle ?? null;
    case 'overhead':
      return overheads.find(({ row }) => row === target.row)?.ratio.middle ?? null;
    case 'latency': {
      const of = (subject: SubjectName): number | null =>
        results.find((result) => result.row === target.row && result.subject === subject)?.[target.percentile] ?? null;
      const [own, without] = [of('towpath'), of('none')];
      return own === null || without === null ? null : own - without;
    }
    case 'memory': {
      const memory = memories.find(({ subject }) => subject === 'towpath');
      if (memory === undefined) return null;
      if (target.of === 'process') return memory.idleRssBytes;
      return target.of === 'tcp' ? memory.bytesPerTcpConnection : memory.bytesPerHttp1Connection;
    }
  }
}

function cpu(row: string, limits: Readonly<Partial<Record<SubjectName, number>>>): Target[] {
  return Object.entries(limits).map(([peer, limit]) => ({ type: 'cpu', row, peer: peer as SubjectName, limit }));
}
