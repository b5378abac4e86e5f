import t from 'tap';
import { Counters } from '../../../../src/proxy/counters.ts';
import { reportHealth } from '../../../../src/proxy/endpoints/report-health.ts';
import { endpoints } from './support/seeded.ts';

t.test('events become counters and lines of the log', async (t) => {
  const series: string[] = [];
  const lines: unknown[] = [];
  const counters = new Counters(Counters.sharedMemory(), (_, name, labels) =>
    series.push(`${name} ${Object.values(labels).join(' ')}`),
  );
  const log = { notice: (message: string, fields: object) => lines.push([message, fields]) };
  const report = reportHealth(counters, log, { now: 7 });
  const [endpoint] = endpoints(1);
  report('shop/a:80', endpoint, { type: 'ejected', reason: 'consecutive-5xx', ms: 30_000 });
  report('shop/a:80', endpoint, { type: 'returned', reason: 'time' });
  report('shop/a:80', endpoint, { type: 'checked', passes: false });
  report('shop/a:80', endpoint, { type: 'checked', passes: true });
  const where = { cluster: 'shop/a:80', endpoint: '10.0.0.1:1' };
  t.same(lines, [
    ['endpoint ejected', { ...where, reason: 'consecutive-5xx', seconds: 30 }],
    ['endpoint returned', { ...where, reason: 'time' }],
    ['endpoint fails its checks', where],
    ['endpoint passes its checks', where],
  ]);
  t.same(series.slice(1), [
    'towpath_endpoint_ejections_total shop/a:80 consecutive-5xx',
    'towpath_endpoint_returns_total shop/a:80 time',
    'towpath_endpoint_checks_total shop/a:80 fails',
    'towpath_endpoint_checks_total shop/a:80 passes',
  ]);
});
