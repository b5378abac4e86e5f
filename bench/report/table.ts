/** The results as text for people. Pure. */
import type { Memory } from '../measure/measure-memory.ts';
import type { Overhead } from '../overhead/overhead.ts';
import type { Findings, Verdict } from '../targets.ts';
import type { Comparison, Result } from './summarize.ts';
import { describeVerdict } from './verdicts.ts';

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
  'target',
  '',
];

export function renderTable(findings: Findings, verdicts: readonly Verdict[]): string {
  const timed = findings.results.filter((result) => result.row !== 'memory');
  const lines = timed.map((result, i) => {
    const name = timed[i - 1]?.row === result.row ? '' : result.row;
    return [name, ...cellsOf(result, findings.comparisons, verdicts)];
  });
  const table = lines.length === 0 ? '' : `${align([HEADINGS, ...lines])}\n`;
  const latency = describeLatency(findings.results);
  const overheads = findings.overheads.map(describeOverhead);
  return `${table}${[...overheads, ...latency, ...findings.memories.map(describeMemory)].join('')}`;
}

function cellsOf(result: Result, comparisons: readonly Comparison[], verdicts: readonly Verdict[]): string[] {
  const comparison = comparisons.find(({ row, peer }) => row === result.row && peer === result.subject);
  const verdict = verdicts.find(
    ({ target }) => target.type === 'cpu' && target.row === result.row && target.peer === result.subject,
  );
  const isNamed = comparison !== undefined && comparison.peerLabel === 'splicing';
  return [
    `${result.subject}${isNamed ? ` (${comparison.peerLabel})` : ''}`,
    fixed(result.cpuMicrosPerRequest, 2),
    fixed(result.requestsPerSecond, 0),
    fixed(result.p50Ms, 3),
    fixed(result.p99Ms, 3),
    fixed(result.p999Ms, 3),
    fixed(result.rssBytes === null ? null : result.rssBytes / 1e6, 0),
    comparison === undefined ? '' : ratio(comparison.ratio),
    comparison === undefined ? '' : ratio(comparison.noise),
    verdict === undefined ? '' : `<= ${verdict.target.limit.toFixed(2)}`,
    verdict === undefined ? '' : describeVerdict(verdict),
  ];
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

function describeMemory({ subject, idleRssBytes, bytesPerTcpConnection, bytesPerHttp1Connection }: Memory): string {
  const kib = (bytes: number | null): string => (bytes === null ? '-' : `${(bytes / 1024).toFixed(2)} KiB`);
  const idle = `idle ${(idleRssBytes / 1e6).toFixed(1)} MB`;
  const each = `TCP ${kib(bytesPerTcpConnection)}, HTTP/1.1 ${kib(bytesPerHttp1Connection)}`;
  return `memory        ${subject.padEnd(9)} ${idle}; each idle connection: ${each}\n`;
}

function describeOverhead({ row, plainMicros, watchedMicros, ratio: measured, noise }: Overhead): string {
  const costs = `metrics alone ${fixed(plainMicros, 2)} us/req, with access log and traces ${fixed(watchedMicros, 2)}`;
  return `${row.padEnd(13)} towpath   ${costs}: ${ratio(measured)}, A/A ${ratio(noise)}\n`;
}

function ratio(interval: Comparison['noise']): string {
  if (interval === null) return '-';
  const { low, middle, high } = interval;
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
