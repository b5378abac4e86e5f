/** One end of an HTTP/2 connection on a bare socket: sends what the test says, and keeps what it hears. */
import { connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import {
  ACK,
  END_STREAM,
  type Frame,
  FrameReader,
  frame,
  PREFACE,
  SETTING,
  settingsFrame,
  TYPE,
  windowFrame,
} from './frames.ts';
import { readStatus } from './hpack.ts';
import { addressOf, type Service } from './mesh.ts';

const WAIT_MS = 20_000;
const POLL_MS = 2;
const DEFAULT_WINDOW = 65_535;
const KEPT_FRAMES = 20_000;

export interface Habits {
  /** Answers SETTINGS and PING. */
  readonly polite: boolean;
  /** Gives back the window of what it hears. */
  readonly reads: boolean;
  readonly settings: readonly (readonly [id: number, value: number])[];
}

/** The test that something belongs to: ended with it, also when it fails. */
export type Owner = Pick<Test, 'teardown'>;

/** Without a dynamic table the status can be read from any block. */
const NO_TABLE = [SETTING.HEADER_TABLE_SIZE, 0] as const;
export const POLITE: Habits = { polite: true, reads: true, settings: [NO_TABLE] };

export class RawPeer {
  readonly socket: Socket;
  readonly #habits: Habits;
  readonly #reader = new FrameReader();
  /** All but DATA. */
  readonly frames: Frame[] = [];
  readonly #received = new Map<number, number>();
  readonly #ended = new Set<number>();
  /** Bytes of the client's preface still to come. */
  #preface: number;
  closed = false;
  /** Sees each frame when it comes; a server's script. */
  onFrame: (frame: Frame) => void = () => undefined;

  constructor(socket: Socket, role: 'client' | 'server', habits: Habits) {
    this.socket = socket;
    this.#habits = habits;
    this.#preface = role === 'server' ? PREFACE.length : 0;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
    if (role === 'client') socket.write(PREFACE);
    socket.write(settingsFrame(habits.settings));
  }

  /** A client that has sent its preface and SETTINGS. */
  static async dial(t: Owner, service: Service, habits: Habits = POLITE): Promise<RawPeer> {
    const socket = connect(addressOf(service));
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    t.teardown(() => socket.destroy());
    return new RawPeer(socket, 'client', habits);
  }

  send(...frames: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(frames.length === 1 ? (frames[0] ?? '') : Buffer.concat(frames));
  }

  /** Bytes of DATA heard on a stream. */
  received(stream: number): number {
    return this.#received.get(stream) ?? 0;
  }

  /** The peer has said END_STREAM. */
  ended(stream: number): boolean {
    return this.#ended.has(stream);
  }

  /** The last status heard on a stream, 1xx included. */
  status(stream: number): number | null {
    return this.#last(TYPE.HEADERS, stream, (payload) => readStatus(payload));
  }

  /** Code of RST_STREAM. */
  reset(stream: number): number | null {
    return this.#last(TYPE.RST_STREAM, stream, (payload) => payload.readUInt32BE(0));
  }

  /** Code of the last GOAWAY. */
  goaway(): number | null {
    return this.#last(TYPE.GOAWAY, 0, (payload) => payload.readUInt32BE(4));
  }

  /** Bytes of DATA that the peer has allowed so far, on a stream and on all of them together (RFC 9113 6.9). */
  allowed(stream: number): number {
    const initial = this.frames.filter((f) => f.type === TYPE.SETTINGS).map((f) => initialWindow(f.payload));
    return Math.min(
      (initial.findLast((n) => n !== null) ?? DEFAULT_WINDOW) + this.#updates(stream),
      DEFAULT_WINDOW + this.#updates(0),
    );
  }

  #updates(stream: number): number {
    const updates = this.frames.filter((f) => f.type === TYPE.WINDOW_UPDATE && f.stream === stream);
    return updates.reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
  }

  #last(type: number, stream: number, read: (payload: Buffer) => number | null): number | null {
    const values = this.frames.filter((f) => f.type === type && f.stream === stream).map((f) => read(f.payload));
    return values.findLast((value) => value !== null) ?? null;
  }

  /** @throws Error naming `what` and all that was heard, when `condition` does not hold in time. */
  async until(what: string, condition: () => boolean, limitMs = WAIT_MS): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!condition()) {
      if (performance.now() > deadline) {
        throw new Error(`waited ${limitMs} ms in vain for ${what}; heard: ${this.describe()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The stream's whole answer, or its reset, or the end of the connection. */
  async settled(stream: number, limitMs = WAIT_MS): Promise<void> {
    const over = (): boolean => this.ended(stream) || this.reset(stream) !== null || this.closed;
    await this.until(`the end of stream ${stream}`, over, limitMs);
  }

  /** What was heard, for failure messages. */
  describe(): string {
    const names = Object.keys(TYPE);
    const heard = this.frames
      .slice(-20)
      .map((f) => `${names[f.type] ?? f.type} on ${f.stream} (${f.payload.toString('hex').slice(0, 40)})`);
    const bytes = [...this.#received].slice(-5).map(([stream, n]) => `${n} bytes on ${stream}`);
    return [...heard, ...bytes, this.closed ? 'closed' : 'open'].join(', ');
  }

  close(): void {
    this.socket.destroy();
  }

  #hear(bytes: Buffer): void {
    const skipped = Math.min(this.#preface, bytes.length);
    this.#preface -= skipped;
    for (const one of this.#reader.push(bytes.subarray(skipped))) this.#take(one);
  }

  #take(one: Frame): void {
    const { type, flags, stream, payload } = one;
    this.onFrame(one);
    if ((type === TYPE.DATA || type === TYPE.HEADERS) && (flags & END_STREAM) !== 0) this.#ended.add(stream);
    if (type === TYPE.DATA) {
      this.#received.set(stream, this.received(stream) + payload.length);
      if (this.#habits.reads && payload.length > 0)
        this.send(windowFrame(0, payload.length), windowFrame(stream, payload.length));
      return;
    }
    if (this.frames.length < KEPT_FRAMES) this.frames.push({ ...one, payload: Buffer.from(payload) });
    if (!this.#habits.polite || (flags & ACK) !== 0) return;
    if (type === TYPE.SETTINGS) this.send(frame(TYPE.SETTINGS, ACK, 0));
    if (type === TYPE.PING) this.send(frame(TYPE.PING, ACK, 0, payload));
  }
}

/** SETTINGS_INITIAL_WINDOW_SIZE in a SETTINGS payload; null = it is not there. */
function initialWindow(payload: Buffer): number | null {
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) === SETTING.INITIAL_WINDOW_SIZE) return payload.readUInt32BE(at + 2);
  }
  return null;
}

export interface RawServer {
  readonly peers: readonly RawPeer[];
  /** Ends every connection too. */
  close(): Promise<void>;
}

/** A server on bare sockets: `serve` is told of each connection. */
export async function rawServer(
  t: Owner,
  service: Service,
  serve: (peer: RawPeer) => void,
  habits: Habits = POLITE,
): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const server = createServer((socket) => {
    const peer = new RawPeer(socket, 'server', habits);
    peers.push(peer);
    serve(peer);
  });
  await new Promise<void>((resolve) => server.listen(service.port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const peer of peers) peer.close();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  t.teardown(close);
  return { peers, close };
}
