import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { METRIC_DESCRIPTIONS } from '../../../src/telemetry/metric-descriptions.ts';

t.test('every metric that the agent emits is described, and every description is of one that exists', async (t) => {
  const root = new URL('../../../', import.meta.url).pathname;
  const emitted = new Set<string>();
  for (const file of globSync('src/{agent,proxy,telemetry}/**/*.ts', { cwd: root })) {
    if (file.endsWith('metric-descriptions.ts')) continue;
    for (const [, name] of readFileSync(root + file, 'utf8').matchAll(/['`](towpath_[a-z_]+)[ '`]/g))
      emitted.add(name ?? '');
  }
  t.strictSame([...emitted].toSorted(), Object.keys(METRIC_DESCRIPTIONS).toSorted());
});
