/** The tables of docs/metrics.md, from the descriptions that a scrape carries. */
import { CONTROL_DESCRIPTIONS } from '../../src/telemetry/control-descriptions.ts';
import type { MetricDescription } from '../../src/telemetry/metric.ts';
import { METRIC_DESCRIPTIONS } from '../../src/telemetry/metric-descriptions.ts';
import { METRIC_LABELS } from '../../src/telemetry/metric-labels.ts';

const TABLES: Readonly<Record<string, () => string>> = {
  agent: () => table(METRIC_DESCRIPTIONS, (name) => name.startsWith('towpath_')),
  opentelemetry: () => table(METRIC_DESCRIPTIONS, (name) => /^(http|rpc)_/.test(name)),
  istio: () => table(METRIC_DESCRIPTIONS, (name) => name.startsWith('istio_')),
  control: () => table(CONTROL_DESCRIPTIONS, (name) => name.startsWith('towpath_control_')),
  mesh: () => table(CONTROL_DESCRIPTIONS, (name) => name.startsWith('towpath_mesh_')),
  labels: () =>
    [
      '| label | meaning |',
      '|---|---|',
      ...Object.entries(METRIC_LABELS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
    ].join('\n'),
};

/** The page with its tables made anew: each stands between `<!-- table: NAME -->` and `<!-- end -->`. */
export function renderMetricTables(page: string): string {
  return page.replace(/<!-- table: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const make = TABLES[name];
    if (make === undefined) throw new Error(`there is no table ${name}; there are ${Object.keys(TABLES).join(', ')}`);
    return `<!-- table: ${name} -->\n${make()}\n<!-- end -->`;
  });
}

function table(all: Readonly<Record<string, MetricDescription>>, has: (name: string) => boolean): string {
  const rows = Object.entries(all).filter(([name]) => has(name));
  return [
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows.map(
      ([name, { type, labels, help }]) =>
        `| \`${name}\` | ${type} | ${listOf(labels)} | ${help.replaceAll('|', '\\|')} |`,
    ),
  ].join('\n');
}

function listOf(labels: readonly string[]): string {
  return labels.map((label) => `\`${label}\``).join(' ');
}
