import t from 'tap';
import { Counters, type Labels } from '../../../src/proxy/counters.ts';
import { NO_GRPC_STATUS } from '../../../src/proxy/grpc/grpc-status.ts';
import { RequestMeter } from '../../../src/proxy/request-meter.ts';

function make(): { meter: RequestMeter; read(name: string): { labels: Labels; value: number }[] } {
  const series: { index: number; name: string; labels: Labels }[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) => series.push({ index, name, labels }));
  const read = (name: string): { labels: Labels; value: number }[] =>
    series.filter((s) => s.name === name).map(({ labels, index }) => ({ labels, value: counters.values[index] }));
  return { meter: new RequestMeter(counters), read };
}

t.test('requests are counted by where they went and how they ended', async (t) => {
  const { meter, read } = make();
  const series = meter.series('outbound', 'shop/orders', 'shop/r/0', '10.0.0.1:80');
  t.equal(meter.series('outbound', 'shop/orders', 'shop/r/0', '10.0.0.1:80'), series);
  series.count(200, '', 0.1);
  series.count(200, '', 0.1);
  series.count(200, 'UC', 0.1);
  series.count(0, 'DC', 0.1);
  const base = {
    side: 'outbound',
    service: 'shop/orders',
    route: 'shop/r/0',
    endpoint: '10.0.0.1:80',
    protocol: 'http1',
  };
  t.same(read('towpath_requests_total'), [
    { labels: { ...base, code: '200', flags: '' }, value: 2 },
    { labels: { ...base, code: '200', flags: 'UC' }, value: 1 },
    { labels: { ...base, code: '0', flags: 'DC' }, value: 1 },
  ]);
  t.same(read('towpath_request_duration_seconds_count'), [
    { labels: { side: 'outbound', service: 'shop/orders' }, value: 4 },
  ]);
});

t.test('statuses that a peer makes up share one series for each class', async (t) => {
  const { meter, read } = make();
  const series = meter.series('outbound', '', '', '');
  for (let code = 100; code < 1000; code++) {
    series.count(code, '', 0);
    series.count(code, 'UC', 0);
  }
  const counted = read('towpath_requests_total');
  t.ok(counted.length < 160, `${counted.length} series`);
  t.equal(
    counted.reduce((sum, { value }) => sum + value, 0),
    1800,
    'and nothing is lost',
  );
  t.equal(counted.find(({ labels }) => labels['code'] === '2xx' && labels['flags'] === '')?.value, 90);
  t.ok(counted.some(({ labels }) => labels['code'] === '999' || labels['code'] === '9xx'));
});

t.test('HTTP/2 and gRPC are told apart, gRPC by its own status too', async (t) => {
  const { meter, read } = make();
  const series = meter.series('inbound', '', '', '');
  series.count(200, '', 0);
  for (let i = 0; i < 2; i++) series.countHttp2(200, '', 0);
  series.countHttp2(0, 'DC', 0);
  for (let i = 0; i < 3; i++) series.countGrpc(0, 200, '', 0);
  for (let i = 0; i < 2; i++) series.countGrpc(14, 200, '', 0);
  series.countGrpc(NO_GRPC_STATUS, 200, '', 0);
  series.countGrpc(4, 200, 'UT', 0);
  series.countGrpc(NO_GRPC_STATUS, 404, '', 0);
  const base = { side: 'inbound', service: '', route: '', endpoint: '' };
  const grpc = (code: string, flags: string, grpc_status: string, value: number) => ({
    labels: { ...base, protocol: 'grpc', code, flags, grpc_status },
    value,
  });
  t.same(read('towpath_requests_total'), [
    { labels: { ...base, protocol: 'http1', code: '200', flags: '' }, value: 1 },
    { labels: { ...base, protocol: 'http2', code: '200', flags: '' }, value: 2 },
    { labels: { ...base, protocol: 'http2', code: '0', flags: 'DC' }, value: 1 },
    grpc('200', '', '0', 3),
    grpc('200', '', '14', 2),
    grpc('200', '', '', 1),
    grpc('200', 'UT', '4', 1),
    grpc('404', '', '', 1),
  ]);
});
