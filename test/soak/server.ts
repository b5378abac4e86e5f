/**
 * The servers behind the proxy: HTTP by node:http, bytes by hand. Checks what it receives, and dies when it is told by a signal.
 *
 * node server.ts ADDRESS
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { receiveHalf, sendHalf } from './byte-stream.ts';
import { PatternCheck, patternBytes } from './pattern.ts';
import {
  between,
  chance,
  decodeOrder,
  GREETING,
  ORDER_BYTES,
  type Order,
  PORTS,
  pause,
  report,
  Wrong,
} from './plan.ts';
import { Cut, Wire } from './wire.ts';

const [address = ''] = process.argv.slice(2);

function fail(scenario: string, startedAt: number, error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  const failure = { side: 'server', scenario, sentence, startedAt, endedAt: Date.now() } as const;
  if (error instanceof Cut) report({ type: 'failed', failure });
  else report({ type: 'wrong', sentence: `server, ${scenario}: ${sentence}` });
}

// === bytes ===

async function serveBytes(wire: Wire, greets: boolean): Promise<void> {
  let head = Buffer.alloc(0);
  try {
    if (greets) await wire.write(GREETING);
    while (head.length < ORDER_BYTES) {
      const more = await wire.some();
      if (more === null) return await wire.end();
      head = Buffer.concat([head, more]);
    }
  } catch (error) {
    // Nothing was ordered yet: the client went away early, which is its right.
    if (error instanceof Cut) return;
    throw error;
  }
  await serveOrder(wire, decodeOrder(head.subarray(0, ORDER_BYTES)), head.subarray(ORDER_BYTES));
}

async function serveOrder(wire: Wire, order: Order, rest: Buffer): Promise<void> {
  const { stream, up, down, resetAfter } = order;
  wire.unread(rest);
  const received = receiveHalf(
    wire,
    { stream, direction: 'up', bytes: up, resetAfter: order.client === 'reset' ? resetAfter : null },
    chance(0.05),
  );
  const sent = sendHalf(wire, {
    stream,
    direction: 'down',
    bytes: down,
    resetAfter: order.server === 'reset' ? resetAfter : null,
  });
  // Whoever resets makes both halves fail on both sides; that is what was ordered.
  const resets = order.client === 'reset' || order.server === 'reset';
  const [first, second] = await Promise.allSettled([received, sent]);
  if (order.server === 'reset') return;
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected' && !resets) throw second.reason;
}

function listenForBytes(port: number, greets: boolean): void {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    const startedAt = Date.now();
    const wire = new Wire(socket);
    serveBytes(wire, greets)
      .catch((error: unknown) => fail('bytes', startedAt, error))
      .finally(() => setTimeout(() => socket.destroy(), 100));
  });
  server.listen(port, address);
}

// === HTTP ===

function number(url: URL, name: string): number {
  return Number(url.searchParams.get(name));
}

/** The body that was asked for, as a whole or up to the byte where this server breaks off. */
function sendBody(response: ServerResponse, url: URL, end: number): void {
  const stream = number(url, 'stream');
  const chunked = url.searchParams.has('chunked');
  const size = number(url, 'size');
  response.setHeader('x-soak-stream', stream);
  if (chunked) response.setHeader('trailer', 'x-soak-size');
  else response.setHeader('content-length', size);
  response.flushHeaders();
  for (let at = 0; at < end; at += 65_536) {
    response.write(patternBytes(stream, 'down', at, Math.min(65_536, end - at)));
  }
  if (end < size) return;
  if (chunked) response.addTrailers({ 'x-soak-size': String(size) });
  response.end();
}

async function takeBody(request: IncomingMessage, url: URL): Promise<number> {
  const check = new PatternCheck(number(url, 'stream'), 'up');
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const wrong = check.take(chunk);
    if (wrong !== null) throw new Wrong(wrong);
  }
  return check.seen;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://soak');
  switch (url.pathname) {
    case '/data':
      return sendBody(response, url, number(url, 'size'));
    case '/break': {
      sendBody(response, url, number(url, 'after'));
      await pause(between(0, 10));
      if (url.searchParams.get('how') === 'reset') request.socket.resetAndDestroy();
      else request.socket.destroy();
      return;
    }
    case '/take': {
      const seen = await takeBody(request, url);
      const size = number(url, 'size');
      if (seen !== size)
        throw new Wrong(`stream ${number(url, 'stream')}: a body of ${seen} of ${size} bytes looked complete`);
      response.setHeader('x-soak-stream', number(url, 'stream'));
      return void response.end(String(seen));
    }
    default:
      response.statusCode = 404;
      response.end();
  }
}

/** node:http says "aborted" when a body was cut: then it looked cut, which is all that is asked. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

const http = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const startedAt = Date.now();
  answer(request, response).catch((error: unknown) => {
    if (!isAbort(error)) fail(`http ${request.url}`, startedAt, error);
    request.socket.destroy();
  });
});
http.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
  const startedAt = Date.now();
  const socket = duplex as Socket;
  const wire = new Wire(socket);
  wire.unread(head);
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  const order = JSON.parse(request.headers['x-soak-order']?.toString() ?? '{}') as Order;
  serveOrder(wire, order, Buffer.alloc(0))
    .catch((error: unknown) => fail('upgrade', startedAt, error))
    .finally(() => setTimeout(() => socket.destroy(), 100));
});
http.listen(PORTS.http.server, address, () => report({ type: 'ready' }));

listenForBytes(PORTS.declared.server, false);
listenForBytes(PORTS.sniffed.server, false);
listenForBytes(PORTS.greeting.server, true);
process.on('disconnect', () => process.exit(0));
