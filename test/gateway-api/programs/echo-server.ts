/**
 * Run inside a host: answers with what it saw, on HTTP/1.1 (8080), HTTP/2 (8082), HTTPS (8444), gRPC (7070), bytes (9090) and TLS
 * (8443). What the query asks for: `delay=1s`; `responseCode=500&succeedAfter=2&uuid=x` fails twice for that uuid, by closing the
 * connection when no code is given; `delayRetry` delays what fails. `/_seen?uuid=x` tells how often x came.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';

const [, , NAME = 'echo'] = process.argv;
const ANSWER_WITH = 'x-echo-answer';
const seen = new Map<string, number>();

type Incoming = IncomingMessage | Http2ServerRequest;
interface Answer {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

function milliseconds(text: string | null): number {
  if (text === null) return 0;
  return text.endsWith('ms') ? Number.parseInt(text, 10) : Number.parseFloat(text) * 1000;
}

async function answer(request: Incoming, response: Answer): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://echo');
  const uuid = url.searchParams.get('uuid') ?? '';
  if (url.pathname === '/_seen') return void response.end(JSON.stringify({ count: seen.get(uuid) ?? 0 }));
  request.resume();
  const count = (seen.get(uuid) ?? 0) + 1;
  if (uuid !== '') seen.set(uuid, count);
  await sleep(milliseconds(url.searchParams.get('delay')));
  const failures = Number(url.searchParams.get('succeedAfter') ?? 0);
  if (count <= failures) {
    await sleep(milliseconds(url.searchParams.get('delayRetry')));
    const code = url.searchParams.get('responseCode');
    if (code === null) return void request.socket.destroy();
    response.statusCode = Number(code);
  }
  const asked = request.headers[ANSWER_WITH];
  for (const [name, value] of Object.entries(JSON.parse(typeof asked === 'string' ? asked : '{}')))
    response.setHeader(name, String(value));
  response.setHeader('x-backend', NAME);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(describe(request)));
}

function describe(request: Incoming): object {
  const headers: Record<string, string> = { ':protocol': request.httpVersion === '2.0' ? 'HTTP/2' : 'HTTP/1.1' };
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !name.startsWith(':')) headers[name] = String(value);
  }
  const { ':authority': authority, host } = request.headers;
  return { backend: NAME, method: request.method, path: request.url, host: authority ?? host, headers };
}

/** Calls are answered with an empty message; what was seen is in a header. */
function answerCall(stream: ServerHttp2Stream, received: IncomingHttpHeaders): void {
  stream.on('error', () => {}).resume();
  const { ':path': path, ':authority': host } = received;
  const headers = Object.fromEntries(Object.entries(received).map(([name, value]) => [name, String(value)]));
  const seen = JSON.stringify({ backend: NAME, path, host, headers });
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'x-backend': NAME,
      'x-seen': Buffer.from(seen).toString('base64'),
    },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5));
}

/** RFC 6455 1.3: the handshake, and nothing after it. */
function upgrade(request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {});
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.end(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Backend: ${NAME}\r\n\r\n`,
  );
}

function answerBytes(socket: Socket): void {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(`${NAME}\n`));
}

const secrets = { cert: readFileSync('cert.pem'), key: readFileSync('key.pem') };
const handle = (request: Incoming, response: Answer): void =>
  void answer(request, response).catch(() => request.socket.destroy());
createServer(handle).on('upgrade', upgrade).listen(8080);
createHttp2Server((request, response) => handle(request, response))
  .on('sessionError', () => {})
  .listen(8082);
createHttpsServer(secrets, handle).listen(8444);
createHttp2Server()
  .on('stream', answerCall)
  .on('sessionError', () => {})
  .listen(7070);
createTlsServer(secrets, answerBytes)
  .on('tlsClientError', () => {})
  .listen(8443);
createTcpServer(answerBytes).listen(9090);
