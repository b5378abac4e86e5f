import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { patternBytes } from '../../soak/pattern.ts';
import { Wrong } from '../../soak/plan.ts';
import { readAnswer, StatusError } from '../../soak/scenarios/http-messages.ts';
import { Cut, Wire } from '../../soak/wire.ts';

type Ending = 'fin' | 'reset' | 'open';

/** What the soak's client makes of these bytes from a server: they are what a bad proxy could send. */
async function judgeAnswer(bytes: Buffer | string, ending: Ending): Promise<unknown> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.write(bytes, () => {
      if (ending === 'fin') socket.end();
      else if (ending === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wire = await Wire.dial('127.0.0.1', (server.address() as AddressInfo).port);
  try {
    await readAnswer(wire, { stream: 7, size: 100, bodyless: false, slowly: false });
    return 'accepted';
  } catch (error) {
    return error;
  } finally {
    wire.destroy();
    server.close();
  }
}

function answer(stream: number, length: number, body: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nx-soak-stream: ${stream}\r\ncontent-length: ${length}\r\n\r\n`),
    body,
  ]);
}

function chunked(body: Buffer, end: string): Buffer {
  const head = 'HTTP/1.1 200 OK\r\nx-soak-stream: 7\r\ntransfer-encoding: chunked\r\n\r\n';
  return Buffer.concat([Buffer.from(`${head}${body.length.toString(16)}\r\n`), body, Buffer.from(`\r\n${end}`)]);
}

const whole = patternBytes(7, 'down', 0, 100);
const half = whole.subarray(0, 50);

t.test('the right answer is accepted, by length and in chunks', async (t) => {
  t.equal(await judgeAnswer(answer(7, 100, whole), 'open'), 'accepted');
  t.equal(await judgeAnswer(chunked(whole, '0\r\nx-soak-size: 100\r\n\r\n'), 'open'), 'accepted');
});

t.test("somebody else's answer or bytes are wrong, and nothing excuses them", async (t) => {
  t.type(await judgeAnswer(answer(8, 100, whole), 'open'), Wrong, 'another stream in the head');
  t.type(await judgeAnswer(answer(7, 100, patternBytes(8, 'down', 0, 100)), 'open'), Wrong, 'in the body');
  t.type(await judgeAnswer('garbage\r\n\r\n', 'open'), Wrong);
});

t.test('a cut answer that looks complete is wrong', async (t) => {
  t.type(await judgeAnswer(answer(7, 50, half), 'open'), Wrong, 'a shorter length');
  t.type(await judgeAnswer(chunked(half, '0\r\nx-soak-size: 50\r\n\r\n'), 'open'), Wrong, 'a last chunk too early');
  t.type(await judgeAnswer(chunked(whole, '0\r\n\r\n'), 'open'), Wrong, 'a lost trailer');
});

t.test('a cut answer that looks cut is a cut', async (t) => {
  t.match(await judgeAnswer(answer(7, 100, half), 'fin'), { how: 'fin' });
  t.match(await judgeAnswer(answer(7, 100, half), 'reset'), { how: 'reset' });
  t.type(await judgeAnswer(chunked(half, ''), 'fin'), Cut);
});

t.test('an answer of the proxy itself is told by its status and sentence', async (t) => {
  const error = await judgeAnswer('HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nno server', 'open');
  t.type(error, StatusError);
  t.match(error, { status: 503, message: 'status 503: no server' });
});
