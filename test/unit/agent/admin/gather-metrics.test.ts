import t from 'tap';
import { type AgentFacts, describeAgent } from '../../../../src/agent/admin/gather-metrics.ts';
import { renderMetrics } from '../../../../src/telemetry/render-metrics.ts';
import { exampleSnapshot } from '../../../helpers/example-views.ts';
import { parseExposition } from '../../../helpers/parse-exposition.ts';

const NOTHING: AgentFacts = {
  ready: false,
  views: { directory: null, services: [] },
  saves: null,
  control: null,
  workloads: [],
  identities: null,
  interception: null,
  dns: null,
  connections: 0,
  heartbeatAgeMs: 0,
  stalls: 0,
  records: { dropped: 0, sinks: [], spans: null },
};

t.test('an agent without control and rules says nothing about them', async (t) => {
  const text = renderMetrics(describeAgent(NOTHING, 0));
  t.notMatch(text, /control|interception|persist/);
  t.match(text, /^towpath_ready 0$/m);
});

t.test('views and workloads are series of their own', async (t) => {
  const workloads = [
    { key: 'shop/a', healthy: true },
    { key: 'shop/b', healthy: false },
  ];
  const families = parseExposition(
    renderMetrics(describeAgent({ ...NOTHING, views: exampleSnapshot(2), workloads }, 0)),
  );
  t.strictSame(
    families.get('towpath_view_generation')?.samples.map((s) => [s.labels['service'], s.value]),
    [
      ['shop/orders-0', '1'],
      ['shop/orders-1', '2'],
    ],
  );
  t.strictSame(
    families.get('towpath_workload_healthy')?.samples.map((s) => s.value),
    ['1', '0'],
  );
  t.equal(families.get('towpath_directory_generation')?.samples[0]?.value, '7');
});
