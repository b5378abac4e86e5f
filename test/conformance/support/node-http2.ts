/** node:http2 as a peer, in promises. */
import { createHash } from 'node:crypto';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type SessionOptions,
} from 'node:http2';
import { type Service, urlOf } from './mesh.ts';
import type { Owner } from './raw-peer.ts';

/** node:http2's own limits, so far out of the way that only the proxy's are met. */
const ROOMY: SessionOptions = {
  maxSendHeaderBlockLength: 1 << 20,
  settings: { maxHeaderListSize: 1 << 20 },
  maxHeaderListPairs: 10_000,
  maxSessionMemory: 1000,
  maxOutstandingPings: 1000,
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  /** Statuses and fields of the 1xx answers before it. */
  readonly informational: readonly IncomingHttpHeaders[];
  readonly body: Buffer;
}

export type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A server of the test's own process. */
export async function serveHttp2(t: Owner, service: Service, serve: Serve): Promise<void> {
  const sessions: ServerHttp2Session[] = [];
  const server = createServer(ROOMY);
  server.on('session', (session: ServerHttp2Session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    serve(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(service.port, '127.0.0.1', resolve));
  t.teardown(async () => {
    for (const session of sessions) session.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

/** A connected session. */
export async function openSession(t: Owner, service: Service): Promise<ClientHttp2Session> {
  const session = connect(urlOf(service), ROOMY);
  session.on('error', () => undefined);
  t.teardown(() => session.destroy());
  await new Promise<void>((resolve, reject) => session.once('connect', () => resolve()).once('error', reject));
  return session;
}

export async function closeSession(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) return;
  await new Promise<void>((resolve) => session.close(resolve));
}

/** The whole answer. @throws Error when the stream is reset or the connection dies */
export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const informational: IncomingHttpHeaders[] = [];
    const chunks: Buffer[] = [];
    let headers: (IncomingHttpHeaders & IncomingHttpStatusHeader) | null = null;
    let trailers: IncomingHttpHeaders = {};
    stream.on('headers', (fields) => informational.push(fields));
    stream.on('response', (fields) => {
      headers = fields;
    });
    stream.on('trailers', (fields) => {
      trailers = fields;
    });
    stream.on('data', (bytes: Buffer) => chunks.push(bytes));
    stream.on('error', reject);
    stream.on('close', () => {
      if (headers === null) return reject(new Error(`closed with code ${stream.rstCode} before an answer`));
      if (stream.rstCode !== 0) return reject(new Error(`reset with code ${stream.rstCode}`));
      resolve({ status: headers[':status'] ?? 0, headers, trailers, informational, body: Buffer.concat(chunks) });
    });
  });
}

/** Sends one request with its whole body. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  const answer = answerOf(stream);
  if (body !== undefined) stream.end(body);
  return answer;
}

/** Fields without node's symbols and without prototypes, for comparisons. */
export function plain(headers: IncomingHttpHeaders): Record<string, unknown> {
  return { ...Object.fromEntries(Object.entries(headers)) };
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
