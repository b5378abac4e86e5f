import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { receiveHalf, sendHalf } from '../../soak/byte-stream.ts';
import { patternBytes } from '../../soak/pattern.ts';
import { decodeOrder, encodeOrder, ORDER_BYTES, Wrong } from '../../soak/plan.ts';
import { Wire } from '../../soak/wire.ts';

/** What the receiving half says about a server that does this. */
async function receive(serve: (socket: Socket) => void, resetAfter: number | null): Promise<unknown> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wire = await Wire.dial('127.0.0.1', (server.address() as AddressInfo).port);
  try {
    return await receiveHalf(wire, { stream: 3, direction: 'down', bytes: 1000, resetAfter }, false);
  } catch (error) {
    return error;
  } finally {
    wire.destroy();
    server.close();
  }
}

t.test('all bytes and a FIN are what was announced', async (t) => {
  const half = { stream: 3, direction: 'down', bytes: 1000, resetAfter: null } as const;
  t.equal(await receive((socket) => void sendHalf(new Wire(socket), half), null), 1000);
});

t.test('a FIN where a reset was sent is told', async (t) => {
  const ending = (socket: Socket) => socket.end(patternBytes(3, 'down', 0, 500));
  t.match(await receive(ending, 500), { how: 'fin', message: /where a reset was sent/ });
});

t.test('a reset arrives as a reset', async (t) => {
  const half = { stream: 3, direction: 'down', bytes: 1000, resetAfter: 500 } as const;
  t.type(await receive((socket) => void sendHalf(new Wire(socket), half), 500), 'number');
  t.match(await receive((socket) => void sendHalf(new Wire(socket), half), null), { how: 'reset' }, 'unannounced');
});

t.test('missing bytes are a cut, surplus and foreign bytes are wrong', async (t) => {
  t.match(await receive((socket) => socket.end(patternBytes(3, 'down', 0, 999)), null), { how: 'fin' });
  t.type(await receive((socket) => socket.end(patternBytes(3, 'down', 0, 1001)), null), Wrong);
  t.type(await receive((socket) => socket.end(patternBytes(4, 'down', 0, 1000)), null), Wrong);
});

t.test('an order survives its encoding, and never looks like HTTP', async (t) => {
  const order = {
    stream: 9 * 2 ** 32 + 77,
    up: 6e6,
    down: 6e6,
    client: 'reset',
    server: 'reset',
    resetAfter: 6e6,
  } as const;
  const bytes = encodeOrder(order);
  t.equal(bytes.length, ORDER_BYTES);
  t.equal(bytes[0], 0);
  t.same(decodeOrder(bytes), order);
});
