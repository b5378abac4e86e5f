/** One sentence for each target. Pure. */
import type { Target, Verdict } from '../targets.ts';

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map((verdict) => {
      const { target, measured } = verdict;
      const value = measured === null ? 'not measured' : `measured ${amountOf(target, measured)}`;
      return `${describeVerdict(verdict).padEnd(6)} ${target.row}: ${promiseOf(target)}; ${value}\n`;
    })
    .join('');
}

export function describeVerdict({ measured, kept }: Verdict): string {
  if (measured === null) return '?';
  return kept ? 'kept' : 'MISSED';
}

function promiseOf(target: Target): string {
  switch (target.type) {
    case 'cpu':
      return isBulk(target)
        ? `at least ${(1 / target.limit).toFixed(2)}x the bytes per CPU-second of ${target.peer}`
        : `at most ${target.limit.toFixed(2)}x the CPU per request of ${target.peer}`;
    case 'overhead':
      return `access log and traces take at most ${target.limit.toFixed(2)}x the CPU per request of metrics alone`;
    case 'latency':
      return `adds at most ${target.limit} ms at ${target.percentile.replace('Ms', '')}`;
    case 'memory': {
      const of = { process: 'idle process', tcp: 'each idle TCP connection', http1: 'each idle HTTP/1.1 connection' };
      return `${of[target.of]} at most ${amountOf(target, target.limit)}`;
    }
  }
}

function amountOf(target: Target, value: number): string {
  switch (target.type) {
    case 'cpu':
      return isBulk(target) ? `${(1 / value).toFixed(2)}x` : `${value.toFixed(2)}x`;
    case 'overhead':
      return `${value.toFixed(2)}x`;
    case 'latency':
      return `${value.toFixed(3)} ms`;
    case 'memory':
      return target.of === 'process' ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1024).toFixed(2)} KiB`;
  }
}

function isBulk({ row }: Target): boolean {
  return row === 'tcp-bulk';
}
