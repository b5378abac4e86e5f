import t from 'tap';
import type { Sample } from '../../../src/telemetry/metric.ts';
import { METRIC_DESCRIPTIONS } from '../../../src/telemetry/metric-descriptions.ts';
import { chooseFormat, MAX_SERIES, renderMetrics } from '../../../src/telemetry/render-metrics.ts';
import { parseExposition } from '../../helpers/parse-exposition.ts';

t.test('families are grouped, with HELP and TYPE once each, in the order of appearance', async (t) => {
  const text = renderMetrics([
    { name: 'towpath_requests_total', labels: { code: '200' }, value: 3 },
    { name: 'towpath_ready', labels: {}, value: 1 },
    { name: 'towpath_requests_total', labels: { code: '500' }, value: 1 },
  ]);
  t.equal(
    text,
    `# HELP towpath_requests_total HTTP requests, by service, route, endpoint, protocol, status code, response flag and gRPC status.
# TYPE towpath_requests_total counter
towpath_requests_total{code="200"} 3
towpath_requests_total{code="500"} 1
# HELP towpath_ready 1 when traffic is served and rules, if enabled, are in force.
# TYPE towpath_ready gauge
towpath_ready 1
# HELP towpath_metrics_dropped_series Series left out of this answer because there were too many.
# TYPE towpath_metrics_dropped_series gauge
towpath_metrics_dropped_series 0
`,
  );
});

t.test('a histogram is one family', async (t) => {
  const name = 'towpath_request_duration_seconds';
  const families = parseExposition(
    renderMetrics([
      { name: `${name}_bucket`, labels: { le: '0.1' }, value: 1 },
      { name: `${name}_bucket`, labels: { le: '+Inf' }, value: 2 },
      { name: `${name}_sum`, labels: {}, value: 0.75 },
      { name: `${name}_count`, labels: {}, value: 2 },
    ]),
  );
  t.equal(families.get(name)?.type, 'histogram');
  t.equal(families.get(name)?.samples.length, 4);
});

t.test('label values of any kind come back as they went in', async (t) => {
  const values = ['', 'plain', 'a"b', 'back\\slash', 'new\nline', '\\n', 'ü€𝄞', '{a="b"} 3\n# TYPE x counter', '\r\t'];
  for (const value of values) {
    const text = renderMetrics([{ name: 'towpath_ready', labels: { value, other: 'x' }, value: 1 }]);
    t.strictSame(
      parseExposition(text).get('towpath_ready')?.samples[0]?.labels,
      { value, other: 'x' },
      JSON.stringify(value),
    );
  }
  const broken = renderMetrics([{ name: 'towpath_ready', labels: { value: '\ud800' }, value: 1 }]);
  t.equal(Buffer.from(broken).toString('utf8'), broken, 'a lone surrogate becomes a character that UTF-8 can carry');
});

t.test('values are written as the format wants them', async (t) => {
  const values = [0, -1.5, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const text = renderMetrics(values.map((value, i) => ({ name: `towpath_v${i}`, labels: {}, value })));
  const written = values.map((_, i) => parseExposition(text).get(`towpath_v${i}`)?.samples[0]?.value);
  t.strictSame(written, ['0', '-1.5', '1e+21', '1e-7', 'NaN', '+Inf', '-Inf']);
});

t.test('illegal names are left out and counted', async (t) => {
  const text = renderMetrics([
    { name: 'towpath ready', labels: {}, value: 1 },
    { name: '', labels: {}, value: 1 },
    { name: 'towpath_ready', labels: { 'bad-label': 'x', good: 'y' }, value: 1 },
  ]);
  const families = parseExposition(text);
  t.strictSame(families.get('towpath_ready')?.samples[0]?.labels, { good: 'y' });
  t.equal(families.get('towpath_metrics_dropped_series')?.samples[0]?.value, '2');
});

t.test('an answer is bounded', async (t) => {
  function* endless(): Generator<Sample> {
    for (let i = 0; i < MAX_SERIES + 7; i++) yield { name: 'towpath_x_total', labels: { i: String(i) }, value: 1 };
  }
  const text = renderMetrics(endless());
  t.match(text, /towpath_metrics_dropped_series 7\n$/);
});

t.test('names and types follow the conventions', async (t) => {
  for (const [name, { type, help }] of Object.entries(METRIC_DESCRIPTIONS)) {
    t.match(name, /^(towpath|http|rpc|istio)_[a-z_]+$/);
    t.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
    t.match(help, /^\S.*\.$/, `the help of ${name} is a sentence`);
  }
});

t.test('OpenMetrics is for those that ask for it', async (t) => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  t.equal(chooseFormat(prometheus), 'openmetrics');
  t.equal(chooseFormat('application/openmetrics-text'), 'openmetrics');
  for (const accept of ['', '*/*', 'text/plain', 'application/openmetrics-text;q=0', 'application/openmetrics-textual'])
    t.equal(chooseFormat(accept), 'text', accept);
});

t.test('OpenMetrics: counters have families without _total, buckets have examples, and there is an end', async (t) => {
  const exemplar = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', value: 0.07, seconds: 1_700_000_000.5 };
  const labels = { side: 'outbound', service: 'shop/orders' };
  const samples = [
    { name: 'towpath_requests_total', labels: { code: '200' }, value: 3 },
    { name: 'towpath_request_duration_seconds_bucket', labels: { ...labels, le: '0.1' }, value: 2, exemplar },
  ];
  const text = renderMetrics(samples, 'openmetrics');
  t.match(text, /^# TYPE towpath_requests counter\ntowpath_requests_total\{code="200"\} 3$/m);
  t.match(
    text,
    /^towpath_request_duration_seconds_bucket\{.*le="0.1"\} 2 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0.07 1700000000.5$/m,
  );
  t.match(text, /\n# EOF\n$/);
  t.notMatch(renderMetrics(samples), /trace_id|EOF/);
});

t.test('no two families of OpenMetrics share a name', async (t) => {
  const names = Object.entries(METRIC_DESCRIPTIONS).map(([name, { type }]) =>
    type === 'counter' ? name.replace(/_total$/, '') : name,
  );
  t.equal(new Set(names).size, names.length);
});
