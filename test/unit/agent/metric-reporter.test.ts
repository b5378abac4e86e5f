import t, { type Test } from 'tap';
import { MetricReporter } from '../../../src/agent/metric-reporter.ts';
import type { Bus, BusMessage } from '../../../src/contract/bus-types.ts';
import { subjectsOf } from '../../../src/contract/subjects.ts';

function rig(t: Test) {
  const published: { subject: string; report: { sequence: number; boot: string } }[] = [];
  const handlers = new Map<string, (message: BusMessage) => void>();
  const state = { connected: true };
  const bus = {
    get connected() {
      return state.connected;
    },
    publish: (subject: string, data: string) => published.push({ subject, report: JSON.parse(data) }),
    subscribe: (subject: string, handler: (message: BusMessage) => void) => handlers.set(subject, handler),
  } as unknown as Bus;
  const reporter = new MetricReporter(bus, subjectsOf('default'), 'web-1', () => ({ caller: 'shop/web', series: [] }));
  t.teardown(() => reporter.stop());
  const say = (subject: string, body: string): void =>
    handlers.get(subject)?.({ data: Buffer.from(body) } as unknown as BusMessage);
  return { reporter, published, state, say };
}

t.test('reports are numbered, name the run, and wait for a connection', async (t) => {
  const { reporter, published, state } = rig(t);
  reporter.report();
  state.connected = false;
  reporter.report();
  state.connected = true;
  reporter.report();
  t.same(
    published.map(({ subject, report }) => [subject, report.sequence]),
    [
      ['towpath.v1.default.met.web-1', 0],
      ['towpath.v1.default.met.web-1', 1],
    ],
  );
  t.equal(published[0]?.report.boot, published[1]?.report.boot);
});

t.test('while somebody watches, reports come often; nonsense changes nothing', async (t) => {
  const { reporter, published, say } = rig(t);
  reporter.start();
  for (const body of ['', '{', '{"everyMs":1,"forMs":1}', '{"everyMs":1e9,"forMs":5000}'])
    say('towpath.v1.default.agents.metrics', body);
  t.equal(published.length, 0);
  say('towpath.v1.default.agents.metrics', '{"everyMs":1000,"forMs":5000}');
  const until = Date.now() + 20_000;
  while (published.length < 2 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  t.ok(published.length >= 2);
  reporter.stop();
  say('towpath.v1.default.agents.metrics', '{"everyMs":1000,"forMs":5000}');
});
