import t from 'tap';
import { REQUEST_BLOCK } from '../../../src/contract/request-block.ts';
import { seriesOf } from '../../../src/proxy/count-request.ts';
import { Counters, type Labels } from '../../../src/proxy/counters.ts';
import { NO_GRPC_STATUS } from '../../../src/proxy/grpc/grpc-status.ts';
import { RequestMeter, type RequestSeries } from '../../../src/proxy/request-meter.ts';
import { METHOD_LABELS } from '../../../src/proxy/request-method.ts';

const GET = METHOD_LABELS.indexOf('GET');

function make() {
  const series: { index: number; name: string; labels: Labels }[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) => series.push({ index, name, labels }));
  const read = (name: string): { labels: Labels; value: number }[] =>
    series.filter((s) => s.name === name).map(({ labels, index }) => ({ labels, value: counters.values[index] }));
  const blocks = (): Labels[] => series.filter((s) => s.name === REQUEST_BLOCK).map(({ labels }) => labels);
  return { counters, meter: new RequestMeter(counters), read, blocks, series };
}

const count = (series: RequestSeries, code: number, flag = ''): void => series.count(code, flag, 0.1, GET, 0, 0);

t.test('requests are counted by where they went and how they ended', async (t) => {
  const { meter, read } = make();
  const series = meter.series('outbound', 'shop/orders', 'shop/r/0', '10.0.0.1:80', 'shop/orders:80', '');
  t.equal(meter.series('outbound', 'shop/orders', 'shop/r/0', '10.0.0.1:80', 'shop/orders:80', ''), series);
  count(series, 200);
  count(series, 200);
  count(series, 200, 'UC');
  count(series, 0, 'DC');
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
});

t.test('endpoints share the blocks of their route; methods, endings and callers do not', async (t) => {
  const { meter, blocks } = make();
  for (const endpoint of ['10.0.0.1:80', '10.0.0.2:80']) {
    const series = meter.series('inbound', 'shop/orders', '', endpoint, '', '');
    count(series, 200);
    series.count(200, '', 0.1, METHOD_LABELS.indexOf('POST'), 0, 0);
    count(series, 503, 'UH');
  }
  count(meter.series('inbound', 'shop/orders', '', '10.0.0.1:80', '', 'mesh/ns/web/sa/web'), 200);
  const base = { side: 'inbound', service: 'shop/orders', route: '', backend: '', protocol: 'http1', grpcStatus: '' };
  const usual = { ...base, principal: '', method: 'GET', code: '200', flags: '' };
  t.same(blocks(), [
    usual,
    { ...usual, method: 'POST' },
    { ...usual, code: '503', flags: 'UH' },
    { ...usual, principal: 'mesh/ns/web/sa/web' },
  ]);
});

t.test('statuses that a peer makes up share one series for each class', async (t) => {
  const { meter, read, blocks } = make();
  const series = meter.series('outbound', '', '', '', '', '');
  for (let code = 100; code < 1000; code++) {
    count(series, code);
    count(series, code, 'UC');
  }
  const counted = read('towpath_requests_total');
  t.ok(counted.length < 160, `${counted.length} series`);
  t.ok(blocks().length < 160, `${blocks().length} blocks`);
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
  const series = meter.series('inbound', '', '', '', '', '');
  const grpc = (status: number, code = 200, flag = ''): void => series.countGrpc(status, code, flag, 0, GET, 0, 0);
  count(series, 200);
  for (let i = 0; i < 2; i++) series.countHttp2(200, '', 0, GET, 0, 0);
  series.countHttp2(0, 'DC', 0, GET, 0, 0);
  for (let i = 0; i < 3; i++) grpc(0);
  for (let i = 0; i < 2; i++) grpc(14);
  grpc(NO_GRPC_STATUS);
  grpc(4, 200, 'UT');
  grpc(NO_GRPC_STATUS, 404);
  const base = { side: 'inbound', service: '', route: '', endpoint: '' };
  const ofGrpc = (code: string, flags: string, grpc_status: string, value: number) => ({
    labels: { ...base, protocol: 'grpc', code, flags, grpc_status },
    value,
  });
  t.same(read('towpath_requests_total'), [
    { labels: { ...base, protocol: 'http1', code: '200', flags: '' }, value: 1 },
    { labels: { ...base, protocol: 'http2', code: '200', flags: '' }, value: 2 },
    { labels: { ...base, protocol: 'http2', code: '0', flags: 'DC' }, value: 1 },
    ofGrpc('200', '', '0', 3),
    ofGrpc('200', '', '14', 2),
    ofGrpc('200', '', '', 1),
    ofGrpc('200', 'UT', '4', 1),
    ofGrpc('404', '', '', 1),
  ]);
});

t.test('after series were taken back nothing is counted in their old places', async (t) => {
  const { meter, counters, series, read } = make();
  const caller = { side: 'outbound', peerPrincipal: null } as const;
  const counted = { scope: {}, service: 'shop/orders', route: '', cluster: { key: 'shop/orders:80' } };
  const endpoint = { text: '10.0.0.1:80', series: new WeakMap<object, RequestSeries>() };
  count(seriesOf(meter, caller, counted, endpoint), 200);
  const old = series.filter(({ labels }) => Object.hasOwn(labels, 'service')).map(({ index }) => index);
  for (let round = 0; round < 3; round++) counters.forget(round === 0 ? old : []);
  for (const index of old) counters.values[index] = 0;
  counters.free(old);
  counters.count('other_total', {});
  counters.block({ service: 'other' });
  count(seriesOf(meter, caller, counted, endpoint), 200);
  t.equal(read('other_total')[0]?.value, 1);
  t.equal(read('towpath_requests_total').at(-1)?.value, 1);
});

t.test('a proved caller is found again by identity', async (t) => {
  const { meter } = make();
  const counted = { scope: {}, service: 'shop/orders', route: '', cluster: null };
  const endpoint = { text: '10.0.0.1:80', series: new WeakMap<object, RequestSeries>() };
  const of = (peerPrincipal: string | null) => seriesOf(meter, { side: 'inbound', peerPrincipal }, counted, endpoint);
  t.equal(of(null), of(null));
  t.equal(of('mesh/ns/a/sa/a'), of('mesh/ns/a/sa/a'));
  t.not(of('mesh/ns/a/sa/a'), of('mesh/ns/b/sa/b'));
  t.not(of('mesh/ns/a/sa/a'), of(null));
});
