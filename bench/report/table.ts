/** The results as text for people. Pure. */
import type { Verdict } from '../targets.ts';
import type { Comparison, Result } from './summarize.ts';

const HEADINGS = [
  'row',
  'subject',
  'CPU us/req',
  'req/s',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'RSS MB',
  'towpath / it',
  'A/A',
];

export function renderTable(results: readonly Result[], comparisons: readonly Comparison[]): string {
  const lines = results
    .filter((result) => result.row !== 'memory')
    .map((result, i, all) => {
      const comparison = comparisons.find(({ row, peer }) => row === result.row && peer === result.subject);
      const label = comparison === undefined || comparison.row !== 'tcp-bulk' ? '' : ` (${comparison.peerLabel})`;
      return [
        all[i - 1]?.row === result.row ? '' : result.row,
        `${result.subject}${label}`,
        fixed(result.cpuMicrosPerRequest, 2),
        fixed(result.requestsPerSecond, 0),
        fixed(result.p50Ms, 3),
        fixed(result.p99Ms, 3),
        fixed(result.p999Ms, 3),
        fixed(result.rssBytes === null ? null : result.rssBytes / 1e6, 0),
        comparison === undefined ? '' : ratio(comparison.ratio),
        comparison === undefined ? '' : ratio(comparison.noise),
      ];
    });
  const memory = results.filter((result) => result.row === 'memory').map(describeMemory);
  const table = lines.length === 0 ? '' : `${align([HEADINGS, ...lines])}\n`;
  return `${table}${describeLatency(results).join('')}${memory.join('')}`;
}

/** What each proxy adds to the latency without one, at a fixed rate. */
function describeLatency(results: readonly Result[]): string[] {
  return results
    .filter(({ row, subject }) => row === 'latency-1k' && subject !== 'none')
    .flatMap(({ row, subject, ...own }) => {
      const direct = results.find((result) => result.row === row && result.subject === 'none');
      const added = (key: 'p50Ms' | 'p99Ms'): string =>
        fixed((own[key] ?? Number.NaN) - (direct?.[key] ?? Number.NaN), 3);
      return direct === undefined
        ? []
        : [`${row}    ${subject.padEnd(9)} adds p50 ${added('p50Ms')} ms, p99 ${added('p99Ms')} ms\n`];
    });
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ target, ratio: measured, kept }) => {
      const bulk = target.maxRatio < 1;
      const value = bulk ? `${(1 / measured).toFixed(2)}x the bytes per CPU-second` : `${measured.toFixed(2)}x`;
      return `${kept ? 'kept  ' : 'MISSED'} ${target.row}: ${target.promise}; measured ${value}\n`;
    })
    .join('');
}

function describeMemory({ subject, rssBytes, bytesPerTcpConnection, bytesPerHttp1Connection }: Result): string {
  const kib = (bytes: number | undefined): string => ((bytes ?? Number.NaN) / 1024).toFixed(2);
  const idle = fixed(rssBytes === null ? null : rssBytes / 1e6, 1);
  return `memory        ${subject.padEnd(9)} idle ${idle} MB; each idle connection: TCP ${kib(bytesPerTcpConnection)} KiB, HTTP/1.1 ${kib(bytesPerHttp1Connection)} KiB\n`;
}

function ratio({ low, middle, high }: Comparison['ratio']): string {
  return `${middle.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

/** Columns as wide as their widest cell; numbers to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}
