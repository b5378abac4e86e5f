/** Servers that keep what they were asked: one speaks HTTP/1.1 only, the other HTTP/2 only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Service } from './mesh.ts';

export interface Seen {
  readonly version: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Names and values as they came. */
  readonly raw: readonly string[];
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

export interface Recorder {
  /** Requests that were heard whole, in order. */
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** Paths of both servers: what comes back does not depend on the version. */
async function answer(request: IncomingMessage, response: ServerResponse, seen: Seen[]): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  seen.push({
    version: request.httpVersion,
    method: request.method ?? '',
    url: request.url ?? '',
    headers: { ...request.headers },
    raw: request.rawHeaders,
    body: body.toString('latin1'),
    trailers: { ...request.trailers },
  });
  const path = (request.url ?? '').split('?')[0];
  if (path === '/empty') response.writeHead(204).end();
  else if (path === '/unchanged') response.writeHead(304, { etag: '"a"' }).end();
  else if (path === '/hints') await sendHints(response);
  else if (path === '/trailers') sendTrailers(response);
  else if (path === '/length') response.writeHead(200, { 'content-length': '5' }).end('whole');
  else if (path === '/cut') sendHalf(response);
  else
    response
      .writeHead(200, { 'x-server': request.httpVersion, 'set-cookie': ['a=1', 'b=2'] })
      .end(`got ${body.length}`);
}

async function sendHints(response: ServerResponse): Promise<void> {
  response.writeEarlyHints({ link: '</a.css>; rel=preload' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  response.writeHead(200).end('after hints');
}

function sendTrailers(response: ServerResponse): void {
  response.writeHead(200, { trailer: 'x-sum' });
  response.write('with ');
  response.addTrailers({ 'x-sum': 'abc' });
  response.end('trailers');
}

function sendHalf(response: ServerResponse): void {
  response.writeHead(200);
  response.write('half');
  setTimeout(() => {
    response.destroy(); // of a stream of HTTP/2: RST_STREAM
  }, 50);
}

export async function recordHttp1(service: Service): Promise<Recorder> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => void answer(request, response, seen).catch(() => undefined));
  await new Promise<void>((resolve) => server.listen(service.port, '127.0.0.1', resolve));
  return {
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function recordHttp2(service: Service): Promise<Recorder> {
  const seen: Seen[] = [];
  const sessions = new Set<{ destroy(): void }>();
  const server = createHttp2Server((request, response) => {
    // Node's compatibility API: made to be used as the one of HTTP/1.1.
    const alike = { request: request as unknown as IncomingMessage, response: response as unknown as ServerResponse };
    void answer(alike.request, alike.response, seen).catch(() => undefined);
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(service.port, '127.0.0.1', resolve));
  return {
    seen,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
