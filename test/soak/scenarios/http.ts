/** What HTTP clients do, well-behaved and otherwise. Each takes a stream number of its own and returns the bytes that it checked. */
import { receiveHalf, sendHalf } from '../byte-stream.ts';
import { patternBytes } from '../pattern.ts';
import { between, chance, type Order, PORTS, pause, VIRTUAL_IP, Wrong } from '../plan.ts';
import { Cut, Wire } from '../wire.ts';
import { type Expected, expectEnd, readAnswer, readHead, StatusError } from './http-messages.ts';

export type Scenario = (nextStream: () => number) => Promise<number>;

const HOST = `Host: ${VIRTUAL_IP}\r\n`;

async function withWire(work: (wire: Wire) => Promise<number>): Promise<number> {
  const wire = await Wire.dial(VIRTUAL_IP, PORTS.http.service);
  try {
    return await work(wire);
  } finally {
    wire.destroy();
  }
}

function getRequest(stream: number, size: number, chunked: boolean, extra = ''): string {
  return `GET /data?stream=${stream}&size=${size}${chunked ? '&chunked' : ''} HTTP/1.1\r\n${HOST}${extra}\r\n`;
}

function expected(stream: number, size: number, slowly = false): Expected {
  return { stream, size, bodyless: false, slowly };
}

/** Sizes around the borders of buffers, and mostly small. */
function bodySize(): number {
  return chance(0.7) ? between(0, 2000) : between(0, chance(0.8) ? 100_000 : 2_000_000);
}

/** Several requests, one after the other, on one connection; sometimes with a long pause. */
export const keepAlive: Scenario = (nextStream) =>
  withWire(async (wire) => {
    let bytes = 0;
    for (let i = between(1, 20); i > 0; i--) {
      const [stream, size] = [nextStream(), bodySize()];
      await wire.write(getRequest(stream, size, chance(0.3)));
      await readAnswer(wire, expected(stream, size, chance(0.02)));
      bytes += size;
      if (chance(0.05)) await pause(between(0, 3000));
    }
    await wire.end();
    await expectEnd(wire);
    return bytes;
  });

/** One request, one connection. */
export const short: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), between(0, 5000)];
    await wire.write(getRequest(stream, size, chance(0.3), 'Connection: close\r\n'));
    await readAnswer(wire, expected(stream, size));
    await expectEnd(wire);
    return size;
  });

/** All requests in one write, cut anywhere; answers in order. */
export const pipelined: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const wanted = Array.from({ length: between(2, 8) }, () => ({ stream: nextStream(), size: bodySize() }));
    const text = wanted.map(({ stream, size }) => getRequest(stream, size, chance(0.3))).join('');
    const cut = between(0, text.length);
    await wire.write(text.slice(0, cut));
    if (chance(0.5)) await pause(between(0, 5));
    await wire.write(text.slice(cut));
    let bytes = 0;
    for (const { stream, size } of wanted) {
      await readAnswer(wire, expected(stream, size));
      bytes += size;
    }
    return bytes;
  });

export const headOnly: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), between(1, 100_000)];
    await wire.write(getRequest(stream, size, false).replace('GET', 'HEAD'));
    const head = await readAnswer(wire, { ...expected(stream, size), bodyless: true });
    if (head.fields.get('content-length') !== String(size)) throw new Wrong('HEAD was answered with another length');
    const [next, more] = [nextStream(), between(0, 1000)];
    await wire.write(getRequest(next, more, false));
    await readAnswer(wire, expected(next, more));
    return more;
  });

function postHead(stream: number, size: number, framing: string): string {
  return `POST /take?stream=${stream}&size=${size} HTTP/1.1\r\n${HOST}${framing}\r\n\r\n`;
}

async function writeChunk(wire: Wire, bytes: Buffer): Promise<void> {
  await wire.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
}

async function readReceipt(wire: Wire, stream: number, size: number): Promise<void> {
  const head = await readHead(wire);
  if (head.status !== 200) throw new StatusError(head.status, 'for a body');
  if (head.fields.get('x-soak-stream') !== String(stream)) throw new Wrong(`stream ${stream} got another's receipt`);
  const length = Number(head.fields.get('content-length'));
  const text = (await wire.upTo(length)).toString();
  if (text !== String(size)) throw new Wrong(`stream ${stream}: receipt for ${text} of ${size} bytes`);
}

/** Bodies of known length, half of them after `100 Continue`. */
export const upload: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), bodySize()];
    const waits = chance(0.5) && size > 0;
    await wire.write(postHead(stream, size, `Content-Length: ${size}${waits ? '\r\nExpect: 100-continue' : ''}`));
    if (waits) {
      const { status } = await readHead(wire);
      if (status !== 100) throw new StatusError(status, 'where 100 was expected');
    }
    for (let at = 0; at < size; at += 40_000) {
      await wire.write(patternBytes(stream, 'up', at, Math.min(40_000, size - at)));
    }
    await readReceipt(wire, stream, size);
    return size;
  });

export const chunkedUpload: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), bodySize()];
    await wire.write(postHead(stream, size, 'Transfer-Encoding: chunked'));
    for (let at = 0; at < size; ) {
      const length = Math.min(size - at, between(1, 30_000));
      await writeChunk(wire, patternBytes(stream, 'up', at, length));
      at += length;
    }
    await wire.write('0\r\n\r\n');
    await readReceipt(wire, stream, size);
    return size;
  });

/** The server breaks off in mid-body: the client must not take what it got for complete. */
export const brokenOff: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), between(2, 200_000)];
    const query = `stream=${stream}&size=${size}&after=${between(1, size - 1)}&how=${chance(0.5) ? 'reset' : 'fin'}`;
    await wire.write(`GET /break?${query}${chance(0.5) ? '&chunked' : ''} HTTP/1.1\r\n${HOST}\r\n`);
    try {
      await readAnswer(wire, expected(stream, size));
    } catch (error) {
      // Broken off before its head had passed, the proxy says so itself.
      if (error instanceof Cut || (error instanceof StatusError && error.status >= 500)) return 0;
      throw error;
    }
    throw new Wrong(`stream ${stream}: a body that broke off looked complete`);
  });

/** The client goes away: in its request, before the answer, or in the middle of it. */
export const clientAborts: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const [stream, size] = [nextStream(), between(1, 1_000_000)];
    if (chance(0.3)) {
      await wire.write(postHead(stream, size, `Content-Length: ${size}`));
      await wire.write(patternBytes(stream, 'up', 0, Math.min(size - 1, between(0, 50_000))));
    } else await wire.write(getRequest(stream, size, chance(0.5)).slice(0, chance(0.2) ? between(1, 20) : undefined));
    await pause(between(0, 10));
    if (chance(0.5)) wire.reset();
    return 0;
  });

/** A WebSocket-like upgrade, then bytes both ways. */
export const upgrade: Scenario = (nextStream) =>
  withWire(async (wire) => {
    const stream = nextStream();
    const [up, down] = [between(0, 300_000), between(0, 300_000)];
    const order: Order = { stream, up, down, client: 'fin', server: 'fin', resetAfter: 0 };
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nX-Soak-Order: ${JSON.stringify(order)}\r\n`;
    await wire.write(`GET /upgrade HTTP/1.1\r\n${HOST}${fields}\r\n`);
    const { status } = await readHead(wire);
    if (status !== 101) throw new StatusError(status, 'for an upgrade');
    const [received] = await Promise.all([
      receiveHalf(wire, { stream, direction: 'down', bytes: down, resetAfter: null }, chance(0.05)),
      sendHalf(wire, { stream, direction: 'up', bytes: up, resetAfter: null }),
    ]);
    return received + up;
  });
