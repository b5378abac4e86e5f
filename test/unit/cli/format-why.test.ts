import t from 'tap';
import { formatWhy } from '../../../src/cli/format-why.ts';
import { failureRecord } from '../../helpers/failure-record.ts';

const PLAIN = { colour: false };

t.test('one record says who asked what, what became of it, and what to look at', async (t) => {
  const record = failureRecord({
    route: 'HTTPRoute/shop/orders',
    principal: 'spiffe://mesh/ns/shop/sa/web',
    attempts: 2,
    events: [{ ms: 0.4, name: 'the endpoint closed the connection', endpoint: '10.0.0.4:8080' }],
    traceId: 'ab',
  });
  t.equal(
    formatWhy(record, PLAIN),
    [
      'request    GET orders.shop/a?x=1 (HTTP/1.1)',
      'failed     status 503 UF (the endpoint could not be reached)',
      'because    10.0.0.5:8080 refused the connection',
      'at         shop-01, the sidecar of the caller (outbound), 2026-11-29T08:00:00.000Z',
      'from       10.0.0.1:40000 (spiffe://mesh/ns/shop/sa/web)',
      'to         shop/orders, by HTTPRoute/shop/orders, at 10.0.0.5:8080, 2 tries',
      'before     after 0.4 ms: 10.0.0.4:8080 the endpoint closed the connection',
      'took       1.5 ms, 0 bytes from the client, 40 bytes to it',
      'ids        0123456789a-1, x-request-id r-1, trace ab',
      'check      whether the program listens on that address and port, and whether a firewall lets this host through',
      '',
    ].join('\n'),
  );
});

t.test('connections, gRPC, denials and flags of other versions', async (t) => {
  const connection = failureRecord({
    kind: 'connection',
    ending: 'unreachable',
    status: 0,
    verdict: 'opaque declared',
    sentence: '',
    method: '',
  });
  t.match(
    formatWhy(connection, PLAIN),
    /^connection to 240\.240\.0\.1:80 \(opaque declared\)\nfailed {5}unreachable UF/,
  );
  t.match(formatWhy(connection, PLAIN), /because {4}the connection ended unreachable/);
  t.match(formatWhy(failureRecord({ grpcStatus: 14, protocol: 'gRPC' }), PLAIN), /failed {5}gRPC status 14 UF/);
  t.match(formatWhy(failureRecord({ flag: '', status: 403 }), PLAIN), /check {6}the policies of the workload/);
  t.match(formatWhy(failureRecord({ flag: 'LATER' }), PLAIN), /failed {5}status 503 LATER\n/);
  t.match(formatWhy(failureRecord({ method: '' }), PLAIN), /^request {4}not kept/);
});

t.test('what comes from outside does not steer the terminal', async (t) => {
  const text = formatWhy(failureRecord({ target: '/\u001b[2J\nfailed     nothing', sentence: 'a\rb\nc' }), PLAIN);
  t.notOk(text.includes('\u001b') || text.includes('\r'));
  t.equal(text.split('\n').length, formatWhy(failureRecord(), PLAIN).split('\n').length);
});
