/** The results of `npm run bench:control` as text, and what they should be. Pure. */
import type { CompileCost } from './measure-compile.ts';
import type { Fleet } from './measure-fleet.ts';
import type { Growth } from './measure-growth.ts';
import type { Options } from './options.ts';

export interface Findings {
  readonly options: Options;
  readonly compile: readonly CompileCost[];
  readonly growth: readonly Growth[];
  readonly fleet: Fleet | null;
}

export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
  readonly kept: boolean;
}

/** A change may not cost more than this many times as much with the most services as with the second fewest. */
const COMPILE_GROWTH = 2;

export function verdictsOf({ compile, growth, fleet }: Findings): Verdict[] {
  const verdict = (what: string, value: number, limit: number, unit: string): Verdict => {
    return { what, value, limit, unit, kept: value <= limit };
  };
  const perService = growth.at(-1)?.agentBytesPerService;
  return [
    ...(fleet === null
      ? []
      : [
          verdict('apply --wait, p50', fleet.applyWait.p50Ms, 50, 'ms'),
          verdict('apply --wait, p99', fleet.applyWait.p99Ms, 250, 'ms'),
          verdict('fleet settled after NATS was killed and started', fleet.reconnectMs / 1_000, 10, 's'),
          verdict('fleet settled after a start without views', fleet.coldStartMs / 1_000, 10, 's'),
        ]),
    ...(typeof perService === 'number' ? [verdict('agent RSS for each service not used', perService, 300, 'B')] : []),
    ...compileRatios(compile).map(({ kind, ratio }) =>
      verdict(`${kind} change, largest mesh / second smallest`, ratio, COMPILE_GROWTH, 'x'),
    ),
  ];
}

function compileRatios(compile: readonly CompileCost[]): { kind: string; ratio: number }[] {
  const [, base] = compile;
  const last = compile.at(-1);
  if (last === undefined || base === undefined) return [];
  return [
    { kind: 'route', ratio: last.routeMicros / base.routeMicros },
    { kind: 'endpoint', ratio: last.endpointMicros / base.endpointMicros },
    { kind: 'service', ratio: last.serviceMicros / base.serviceMicros },
  ];
}

export function renderFindings({ options, compile, growth, fleet }: Findings, verdicts: readonly Verdict[]): string {
  const { agents, services, endpoints, changes } = options;
  const sizes = `${agents} agents, ${services} services, ${endpoints} endpoints, ${changes} changes\n`;
  const judged = verdicts.map(({ what, value, limit, unit, kept }) => [
    what,
    `${value.toFixed(1)} ${unit}`,
    `<= ${limit} ${unit}`,
    kept ? 'kept' : 'MISSED',
  ]);
  const costs = [
    ['services', 'route us', 'endpoint us', 'service us'],
    ...compile.map((cost) => [
      String(cost.services),
      ...[cost.routeMicros, cost.endpointMicros, cost.serviceMicros].map((micros) => micros.toFixed(0)),
    ]),
  ];
  const sizesOfAgents = [
    ['services', 'control RSS MB', 'agent RSS B/service', 'agent heap B/service'],
    ...growth.map((one) => [
      String(one.services),
      (one.controlRssBytes / 1e6).toFixed(0),
      one.agentBytesPerService?.toFixed(0) ?? '-',
      one.agentHeapBytesPerService?.toFixed(0) ?? '-',
    ]),
  ];
  const tables = [[...judged, ...(fleet === null ? [] : costRows(fleet))], costs, sizesOfAgents];
  return [sizes, ...tables.filter((rows) => rows.length > 1).map(align)].join('\n');
}

function costRows(fleet: Fleet): string[][] {
  return [
    ['apply --wait, longest', `${fleet.applyWait.maxMs.toFixed(1)} ms`, '', ''],
    ['control, CPU for each change', `${(fleet.controlMicrosPerChange / 1_000).toFixed(2)} ms`, '', ''],
    ['control, CPU while nothing changes', `${(fleet.controlIdleShare * 100).toFixed(1)} % of a core`, '', ''],
    ['control, RSS', `${(fleet.controlRssBytes / 1e6).toFixed(0)} MB`, '', ''],
  ];
}

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}
