import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { answers, UdpForwarder } from '../../../../src/agent/dns/forward-udp.ts';
import { type Query, readQuery } from '../../../../src/agent/dns/read-query.ts';
import { ask, respond, tell } from './support/message.ts';

const WAITS = { tryMs: 150, lastMs: 5000 };

async function resolver(t: Test, reply: (socket: Socket, message: Buffer, port: number) => void): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port }) => reply(socket, message, port));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket.address().port;
}

function queryOf(message: Buffer): Query {
  const read = readQuery(message);
  if (read.type !== 'query') throw new Error(read.type);
  return read.query;
}

const at = (port: number) => ({ address: '127.0.0.1', port });
const send = (forwarder: UdpForwarder, message: Buffer, ports: readonly number[]): Promise<Buffer | null> =>
  new Promise((resolve) => forwarder.forward(message, queryOf(message), ports.map(at), resolve));

t.test('a query arrives byte for byte, and so does its answer', async (t) => {
  const seen: Buffer[] = [];
  const port = await resolver(t, (socket, message, client) => {
    seen.push(message);
    socket.send(respond(message, '192.0.2.1'), client, '127.0.0.1');
  });
  const message = ask('Example.ORG', { id: 77, edns: 0 });
  const forwarder = new UdpForwarder(WAITS);
  const answer = await send(forwarder, message, [port]);
  t.same(seen, [message]);
  t.same(answer, respond(message, '192.0.2.1'));
  t.equal(forwarder.underWay, 0);
});

t.test('a silent server and a closed port are passed over', async (t) => {
  const silent = await resolver(t, () => {});
  const closed = await resolver(t, () => {});
  const good = await resolver(t, (socket, message, client) =>
    socket.send(respond(message, '192.0.2.2'), client, '127.0.0.1'),
  );
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const refused = gone.address().port;
  gone.close();
  const answer = await send(new UdpForwarder(WAITS), ask('example.org'), [silent, refused, good, closed]);
  t.same(answer === null ? null : tell(answer).addresses, ['192.0.2.2']);
  t.equal(await send(new UdpForwarder(WAITS), ask('example.org'), [refused]), null, 'with none left, null at once');
  t.equal(await send(new UdpForwarder(WAITS), ask('example.org'), []), null);
});

t.test('what is no answer to the question is not taken for one', async (t) => {
  const port = await resolver(t, (socket, message, client) => {
    const right = respond(message, '192.0.2.3');
    const otherId = Buffer.from(right);
    otherId[0] ^= 1;
    for (const wrong of [Buffer.alloc(3), otherId, message, respond(ask('example.com'), '192.0.2.66')])
      socket.send(wrong, client, '127.0.0.1');
    socket.send(right, client, '127.0.0.1');
  });
  const answer = await send(new UdpForwarder(WAITS), ask('example.org'), [port]);
  t.same(answer === null ? null : tell(answer).addresses, ['192.0.2.3']);
});

t.test('an answer repeats the question in letters of either case, or leaves it out', async (t) => {
  const message = ask('example.org');
  const query = queryOf(message);
  t.ok(answers(respond(ask('EXAMPLE.org'), '192.0.2.1'), message, query));
  t.notOk(answers(respond(ask('example.com'), '192.0.2.1'), message, query));
  t.ok(
    answers(Buffer.from([0x12, 0x34, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0]), message, query),
    'refused, without a question',
  );
  t.ok(
    answers(respond(ask('example.com'), '192.0.2.1'), message, null),
    'the question cannot be read: the id alone counts',
  );
});

t.test('so many at once and no more; closing ends them all', async (t) => {
  const silent = await resolver(t, () => {});
  const forwarder = new UdpForwarder(WAITS);
  const message = ask('example.org');
  let done = 0;
  for (let i = 0; i < 512; i++) forwarder.forward(message, queryOf(message), [at(silent)], () => done++);
  t.equal(forwarder.underWay, 512);
  t.equal(await send(forwarder, message, [silent]), null, 'refused at once');
  forwarder.close();
  t.equal(forwarder.underWay, 0);
  t.equal(done, 0);
});
