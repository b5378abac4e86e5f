import t from 'tap';
import { METRIC_LABELS } from '../../../src/telemetry/metric-labels.ts';

t.test('labels are legal names with a sentence each', async (t) => {
  for (const [name, meaning] of Object.entries(METRIC_LABELS)) {
    t.match(name, /^[a-z][a-z0-9_]*$/);
    t.match(meaning, /^\S.*[^.]$/, name);
  }
});
