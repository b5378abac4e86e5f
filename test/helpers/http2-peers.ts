/** Clients and servers of node:http2, the independent peer, around a rig's proxy. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ProxyRig } from './proxy-rig.ts';

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface Http2Server {
  readonly port: number;
  readonly sessions: ServerHttp2Session[];
  /** Requests seen so far. */
  requests: number;
}

/** A server on a free port of the loopback; ends with the rig. */
export async function serveHttp2(rig: ProxyRig, onStream: OnStream, settings: Settings = {}): Promise<Http2Server> {
  const server = createServer({ settings });
  const made: Http2Server = { port: 0, sessions: [], requests: 0 };
  server.on('session', (session) => {
    made.sessions.push(session);
    session.on('error', () => {});
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    made.requests++;
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.onEnd(() => {
    for (const session of made.sessions) session.destroy();
    server.close();
  });
  return Object.assign(made, { port: (server.address() as AddressInfo).port });
}

/** A client connection to the rig's proxy; ends with the rig. */
export async function connectHttp2(rig: ProxyRig, settings: Settings = {}): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${rig.port}`, { settings });
  session.on('error', () => {});
  rig.onEnd(() => session.destroy());
  await new Promise<void>((resolve, reject) => session.once('connect', () => resolve()).once('error', reject));
  return session;
}

export interface Answer {
  /** 0: none came. */
  status: number;
  headers: IncomingHttpHeaders;
  /** Status codes of 1xx answers. */
  interim: number[];
  body: string;
  trailers: IncomingHttpHeaders;
  /** RST_STREAM code, 0 = none. */
  code: number;
  readonly stream: ClientHttp2Stream;
}

/** Sends a request and waits until its stream has ended, in whatever way. */
export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body: string | null = null,
): Promise<Answer> {
  const answer = begin(session, headers, body === null);
  if (body !== null) answer.stream.end(body);
  await ended(answer);
  return answer;
}

/** Sends a request head. @param end it has no body */
export function begin(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}, end = true): Answer {
  const stream = session.request({ ':path': '/', ':authority': 'orders', ...headers }, { endStream: end });
  const answer: Answer = { status: 0, headers: {}, interim: [], body: '', trailers: {}, code: 0, stream };
  stream.on('headers', (head) => answer.interim.push(Number(head[':status'])));
  stream.on('response', (head) => {
    answer.status = Number(head[':status']);
    answer.headers = head;
  });
  stream.on('trailers', (trailers) => Object.assign(answer, { trailers }));
  stream.on('data', (chunk) => {
    answer.body += chunk.toString('latin1');
  });
  stream.on('error', () => {});
  return answer;
}

/** Waits until the stream is closed. */
export async function ended(answer: Answer): Promise<void> {
  if (!answer.stream.closed || !answer.stream.destroyed)
    await new Promise<void>((resolve) => answer.stream.once('close', resolve));
  answer.code = answer.stream.rstCode ?? 0;
}

export const FRAME_DATA = 0;
export const FRAME_HEADERS = 1;
export const FRAME_RST_STREAM = 3;
export const FRAME_SETTINGS = 4;
export const FRAME_GOAWAY = 7;
export const END_STREAM = 1;
export const END_HEADERS = 4;
/** HPACK: `:status: 200`. */
export const STATUS_200 = Buffer.from([0x88]);

export function frame(type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(id, 5);
  bytes.set(payload, 9);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A server of bare frames, for what node:http2 does not do: `onRequest` hears of every HEADERS frame. */
export async function serveFrames(
  rig: ProxyRig,
  onRequest: (send: (...frames: Buffer[]) => void, id: number) => void,
): Promise<{ readonly port: number }> {
  const { port } = await rig.serve((socket) => {
    let bytes = Buffer.alloc(0);
    let preface = 24;
    socket.write(frame(FRAME_SETTINGS, 0, 0));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, Buffer.from(chunk)]);
      if (bytes.length < preface) return;
      bytes = bytes.subarray(preface);
      preface = 0;
      for (let length = 9; bytes.length >= 9; bytes = bytes.subarray(length)) {
        length = 9 + bytes.readUIntBE(0, 3);
        if (bytes.length < length) return;
        const id = bytes.readUInt32BE(5);
        if (bytes[3] === FRAME_SETTINGS && bytes[4] === 0) socket.write(frame(FRAME_SETTINGS, 1, 0));
        if (bytes[3] === FRAME_HEADERS) onRequest((...frames) => socket.write(Buffer.concat(frames)), id);
      }
    });
  });
  return { port };
}
