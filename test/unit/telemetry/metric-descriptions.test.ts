import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { CONTROL_DESCRIPTIONS } from '../../../src/telemetry/control-descriptions.ts';
import { METRIC_DESCRIPTIONS } from '../../../src/telemetry/metric-descriptions.ts';
import { METRIC_LABELS } from '../../../src/telemetry/metric-labels.ts';

const TABLES = ['metric-descriptions.ts', 'standard-descriptions.ts', 'metric-labels.ts', 'control-descriptions.ts'];
/** Names that are part of another, or of no metric. */
const NO_METRICS = ['towpath_request_block', 'towpath_backend', 'towpath_metrics_dropped_series'];

for (const [who, files, descriptions] of [
  ['an agent', 'src/{agent,proxy,telemetry}/**/*.ts', METRIC_DESCRIPTIONS],
  ['control', 'src/control/{render-metrics,logs/*,mesh-metrics/*}.ts', CONTROL_DESCRIPTIONS],
] as const) {
  t.test(`every metric of ${who} is described, and every description is of one that exists`, async (t) => {
    const root = new URL('../../../', import.meta.url).pathname;
    const emitted = new Set<string>();
    for (const file of globSync(files, { cwd: root })) {
      if (TABLES.some((table) => file.endsWith(table))) continue;
      const text = readFileSync(root + file, 'utf8');
      for (const [, name] of text.matchAll(/['`]((?:towpath|istio)_[a-z_]+|(?:http|rpc)_\w+_duration_seconds)[ '`]/g))
        emitted.add(name ?? '');
    }
    for (const name of NO_METRICS) emitted.delete(name);
    t.strictSame(
      [...emitted].toSorted(),
      Object.keys(descriptions)
        .filter((name) => !NO_METRICS.includes(name))
        .toSorted(),
    );
  });
}

t.test('every label of a metric is explained, and no other', async (t) => {
  const used = new Set(
    Object.values({ ...METRIC_DESCRIPTIONS, ...CONTROL_DESCRIPTIONS }).flatMap(({ labels }) => labels),
  );
  t.strictSame([...used].toSorted(), Object.keys(METRIC_LABELS).toSorted());
});
