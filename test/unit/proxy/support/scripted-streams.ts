/** Scripted loads over HTTP/2: kinds of requests, the endpoint that serves them, the clients that ask, and what that comes to. */
import { connect as connectHttp2, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import type { Test } from 'tap';
import type { Sample } from '../../../../src/telemetry/metric.ts';
import { type Answer, begin, ended, serveHttp2 } from '../../../helpers/http2-peers.ts';
import type { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { CANCEL, INTERNAL_ERROR } from './http2-rig.ts';
import { type Line, sums } from './scripted.ts';

const NO_ERROR = 0;
const WHERE = { side: 'outbound', protocol: 'HTTP/2', service: 'shop/orders', route: 'shop/r/0' };

/** One kind of request: how many, what the endpoint does, and what must be known of each. */
export interface Kind {
  readonly count: number;
  readonly serve: (stream: ServerHttp2Stream, isFirstTry: boolean) => void;
  /** Once the endpoint has the whole request, and the client `sent` bytes of the answer. */
  readonly cut?: (answer: Answer, served: ServerHttp2Stream) => void;
  readonly headers?: OutgoingHttpHeaders;
  /** Of the line; also what the client sees. */
  readonly code: number;
  readonly sent: number;
  readonly flag?: string;
  readonly attempts?: number;
  /** Number and name. */
  readonly grpc?: readonly [number, string];
}
/** Kinds by name, which is the first part of their paths. */
export type Script = Readonly<Record<string, Kind>>;

/** Number of requests of these kinds. */
export const many = (...kinds: readonly Kind[]): number => kinds.reduce((sum, { count }) => sum + count, 0);

/** Requests of all kinds, the kinds taking turns; each has a path of its own. */
function requestsOf(script: Script): { readonly kind: Kind; readonly path: string; readonly body: string }[] {
  const rounds = Math.max(...Object.values(script).map(({ count }) => count));
  return Array.from({ length: rounds }, (_, i) =>
    Object.entries(script)
      .filter(([, { count }]) => i < count)
      .map(([name, kind]) => ({ kind, path: `/${name}/${i}`, body: 'y'.repeat(i * 70) })),
  ).flat();
}

/** What was done: in the end it is what must be told of it. */
export interface Played {
  readonly lines: Line[];
  /** Of bodies. */
  readonly received: number;
  readonly sent: number;
  /** Bytes of the clients' connections. */
  readonly wire: { readonly received: number; readonly sent: number };
}

/** A server that does as the script says, and the tries that it has seen, by path. */
export async function serveScript(
  rig: ProxyRig,
  script: Script,
): Promise<{ readonly port: number; readonly served: ReadonlyMap<string, ServerHttp2Stream> }> {
  const served = new Map<string, ServerHttp2Stream>();
  const { port } = await serveHttp2(rig, (stream, headers) => {
    const path = String(headers[':path']);
    stream.resume();
    stream.on('end', () => {
      const isFirst = !served.has(path);
      served.set(path, stream);
      script[path.split('/')[1] ?? '']?.serve(stream, isFirst);
    });
  });
  return { port, served };
}

/** Plays the script with so many clients side by side, each with one request at a time. */
export async function play(
  t: Test,
  rig: ProxyRig,
  script: Script,
  served: ReadonlyMap<string, ServerHttp2Stream>,
  clients: number,
): Promise<Played> {
  const left = requestsOf(script);
  const lines: Line[] = [];
  const wire = { received: 0, sent: 0 };
  const lane = async (): Promise<void> => {
    const socket = connect({ port: rig.port, host: '127.0.0.1', noDelay: true });
    const session = connectHttp2('http://orders.shop', { createConnection: () => socket });
    session.on('error', () => {});
    rig.onEnd(() => session.destroy());
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { kind, path, body } = next;
      const { code, sent, flag = null, attempts = 1, grpc = [null, null], cut } = kind;
      const answer = begin(session, { ':method': 'POST', ...kind.headers, ':path': path }, false);
      answer.stream.end(body);
      if (cut !== undefined) await rig.until(() => served.has(path) && answer.body.length === sent, path);
      const stream = served.get(path);
      if (stream !== undefined) cut?.(answer, stream);
      await ended(answer);
      const reset = flag === 'UR' ? INTERNAL_ERROR : flag === 'DC' ? CANCEL : NO_ERROR;
      t.same([answer.status, answer.body.length, answer.code], [code, sent, reset], path);
      const [number, grpcName] = grpc;
      t.equal(
        answer.trailers['grpc-status'] ?? answer.headers['grpc-status'] ?? null,
        number === null ? null : `${number}`,
        path,
      );
      lines.push({ path, code, flag, attempts, received: body.length, sent, grpc: number, grpcName, ...WHERE });
    }
    session.close();
    await rig.until(() => socket.closed, 'the end of the connection');
    wire.received += socket.bytesWritten;
    wire.sent += socket.bytesRead;
  };
  await Promise.all(Array.from({ length: clients }, lane));
  await rig.until(() => rig.closed.length === clients, 'the end of all connections');
  const received = lines.reduce((sum, line) => sum + line.received, 0);
  return { lines, received, sent: lines.reduce((sum, line) => sum + line.sent, 0), wire };
}

/** So many connections of clients, ended well, with these bytes. */
export function checkConnections(t: Test, samples: readonly Sample[], connections: number, wire: Played['wire']): void {
  t.same(sums(samples, 'towpath_connections_opened_total', 'side'), { outbound: connections });
  t.same(sums(samples, 'towpath_verdicts_total', 'side', 'verdict'), { 'outbound http2': connections });
  const closed = { 'outbound http2 closed shop/orders': connections };
  t.same(sums(samples, 'towpath_connections_closed_total', 'side', 'verdict', 'ending', 'service'), closed);
  t.same(sums(samples, 'towpath_connection_received_bytes_total', 'verdict'), { http2: wire.received });
  t.same(sums(samples, 'towpath_connection_sent_bytes_total', 'verdict'), { http2: wire.sent });
}

/** That status and that body. */
export const respond =
  (status: number, body: string) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ':status': status });
    stream.end(body);
  };
/** The head and 1000 bytes of an answer that does not end. */
export const half = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  stream.write('x'.repeat(1000));
};
export const silent = (): void => {};
/** The client gives it up. */
export const cancel = (answer: Answer): void => answer.stream.close(CANCEL);
/** RST_STREAM(INTERNAL_ERROR); `close` would end an answer that has begun. */
export const reset = (_: Answer, stream: ServerHttp2Stream): void => void stream.destroy(new Error('on purpose'));

/** gRPC's answer of trailers alone. */
export const trailersOnly =
  (status: number) =>
  (stream: ServerHttp2Stream): void =>
    stream.respond({ 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true });
/** A message, and then trailers with that status; null = without one. */
export const message =
  (status: number | null) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(status === null ? { other: '1' } : { 'grpc-status': status }));
    stream.end('x'.repeat(500));
  };
