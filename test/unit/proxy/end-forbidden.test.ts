/** Connections that live when PeerAuthentication becomes STRICT. What authorization ends: authorize-inbound.test.ts. */
import t from 'tap';
import { endForbidden } from '../../../src/proxy/end-forbidden.ts';
import { MeshPair } from './support/mesh-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

t.test('STRICT ends those without mutual TLS, whatever they speak, and leaves the others alone', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { port } = await callee.serve((socket) =>
    socket.on('data', (data) => {
      if (String(data).startsWith('GET /slow')) return;
      socket.write(String(data).startsWith('GET') ? ANSWER : 'echo');
    }),
  );
  pair.lead({ port });
  await pair.identify();
  const mutual = await caller.client();
  mutual.send(REQUEST);
  await caller.until(() => mutual.text.endsWith('ok'), 'the answer by mutual TLS');
  const [idle, busy, streams, bytes] = await Promise.all(Array.from({ length: 4 }, () => pair.stranger()));
  idle.send(REQUEST);
  busy.send(REQUEST.replace('/', '/slow'));
  streams.send(PREFACE);
  bytes.send('PING\r\n');
  await callee.until(
    () => idle.text.endsWith('ok') && streams.bytes > 0 && bytes.text === 'echo' && pair.accepted('none') === 4,
    'everybody is served',
  );
  endForbidden(callee.context);
  pair.lead({ port, mode: 'PERMISSIVE' });
  endForbidden(callee.context);
  t.equal(callee.closed.length, 0, 'PERMISSIVE forbids nothing');

  pair.lead({ port, mode: 'STRICT' });
  endForbidden(callee.context);
  await callee.until(() => [idle, busy, streams, bytes].every(({ closed }) => closed), 'they end');
  t.equal(callee.count('towpath_inbound_mtls_ended_total', { workload: 'shop/orders-1' }), 4);
  const told = callee.closed.filter(({ record }) =>
    /^a changed policy forbids .*shop\/policy \(STRICT\)/.test(record.detail),
  );
  t.equal(told.length, 3, 'the record of the request that was cut tells of the request');
  mutual.send(REQUEST);
  await caller.until(() => mutual.text.split('ok').length === 3, 'the next answer by mutual TLS');
  t.equal(pair.accepted('mutual_tls'), 1, 'on the same connection');
  mutual.socket.destroy();
  await pair.end(t);
});

t.test('mutual TLS that DISABLE would not let begin any more goes on: callers change over by themselves', async (t) => {
  const pair = new MeshPair();
  const { port } = await pair.callee.serve((socket) => socket.on('data', () => socket.write(ANSWER)));
  pair.lead({ port });
  await pair.identify();
  const client = await pair.caller.client();
  client.send(REQUEST);
  await pair.caller.until(() => client.text.endsWith('ok'), 'the answer');
  pair.lead({ port, mode: 'DISABLE' });
  endForbidden(pair.callee.context);
  t.equal(pair.callee.closed.length, 0);
  client.socket.destroy();
  await pair.end(t);
});
