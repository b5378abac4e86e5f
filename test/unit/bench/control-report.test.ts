import t from 'tap';
import { servicesOf, workloadsOf } from '../../../bench/control/manifests.ts';
import { parseOptions } from '../../../bench/control/options.ts';
import { type Findings, renderFindings, verdictsOf } from '../../../bench/control/report.ts';

t.test('the command line says what is measured', async (t) => {
  t.match(parseOptions([]), { agents: 300, services: 1_000, endpoints: 10_000, parts: ['compile', 'growth', 'fleet'] });
  t.match(parseOptions(['--quick', '--agents', '7', '--only', 'fleet']), {
    agents: 7,
    services: 200,
    parts: ['fleet'],
  });
  t.equal(parseOptions(['--help']), null);
  for (const wrong of [['--agents', '0'], ['--only', 'nothing'], ['--what']])
    t.throws(() => parseOptions(wrong), { message: /--agents|--only|--what/ });
});

t.test('every endpoint is registered once, and every service is used', async (t) => {
  const all = [0, 1, 2].flatMap((agent) => workloadsOf(agent, 3, 5, 20));
  t.equal(new Set(all.map(({ name }) => name)).size, 20);
  t.equal(new Set(all.map(({ address }) => address)).size, 20);
  t.equal(new Set(all.map(({ labels }) => labels['app'])).size, 5);
  t.equal(new Set([0, 1].flatMap((agent) => servicesOf(agent, 20))).size, 20);
  t.equal(servicesOf(3, 4).length, 4);
});

t.test('targets are judged, and the tables name what was missed', async (t) => {
  const options = parseOptions([]);
  if (options === null) throw new Error('there are options');
  const findings: Findings = {
    options,
    compile: [10, 100, 10_000].map((services) => ({
      services,
      routeMicros: services === 10_000 ? 500 : 100,
      endpointMicros: 50,
      serviceMicros: 80,
    })),
    growth: [{ services: 10_000, controlRssBytes: 3e8, agentBytesPerService: 250, agentHeapBytesPerService: 200 }],
    fleet: {
      applyWait: { p50Ms: 20, p99Ms: 300, maxMs: 400 },
      controlMicrosPerChange: 2_000,
      controlRssBytes: 2e8,
      controlIdleShare: 0.01,
      reconnectMs: 4_000,
      coldStartMs: 9_000,
    },
  };
  const verdicts = verdictsOf(findings);
  t.same(
    verdicts.filter(({ kept }) => !kept).map(({ what }) => what),
    ['apply --wait, p99', 'route change, largest mesh / second smallest'],
  );
  const text = renderFindings(findings, verdicts);
  t.match(text, /apply --wait, p99 +300\.0 ms +<= 250 ms +MISSED\n/);
  t.match(text, /\n10000 +500 +50 +80\n/);
  t.notMatch(renderFindings({ ...findings, fleet: null, growth: [] }, []), /apply/);
});
