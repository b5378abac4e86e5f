/** A session with its owner played by the test: frames in, frames and events out, no socket. */

import { nameErrorCode } from '../../../../../../src/proxy/codec/http2/error-codes.ts';
import { PREFACE } from '../../../../../../src/proxy/codec/http2/frames.ts';
import { HEAD_AREA_BYTES, HeadArea } from '../../../../../../src/proxy/codec/http2/hpack-area.ts';
import { DEFAULT_HTTP2_CONFIG, type Http2Config } from '../../../../../../src/proxy/codec/http2/http2-config.ts';
import { Http2Head } from '../../../../../../src/proxy/codec/http2/http2-head.ts';
import type { Http2Stream, StreamUser } from '../../../../../../src/proxy/codec/http2/http2-stream.ts';
import { Http2Session } from '../../../../../../src/proxy/codec/http2/session.ts';
import type { Role, SessionMemory } from '../../../../../../src/proxy/codec/http2/session-types.ts';
import type { MessageHead } from '../../../../../../src/proxy/codec/message-head.ts';
import { Slab } from '../../../../../../src/reactor/slab.ts';
import { describe, frame, readFrames, settings, settingsAck } from './frame-text.ts';

export const SLAB_BYTES = 24 * 1024 * 1024;

/** A slab with the head area behind it. */
export function createMemory(slabBytes = SLAB_BYTES): SessionMemory {
  const slab = new Slab(new ArrayBuffer(slabBytes + HEAD_AREA_BYTES), 0, slabBytes);
  return { slab, head: new Http2Head(200), headArea: new HeadArea(slab, slab.end, HEAD_AREA_BYTES) };
}

export interface RigOptions {
  readonly config?: Partial<Http2Config>;
  readonly memory?: SessionMemory;
  /** Bytes are fed one at a time. */
  readonly bytewise?: boolean;
}

export class SessionRig {
  readonly role: Role;
  readonly memory: SessionMemory;
  readonly session: Http2Session;
  /** What the owner and the streams' users heard since the last `heard()`. */
  #heard: string[] = [];
  #out: Buffer[] = [];
  /** Turns that took bytes of the peer. */
  turns = 0;
  /** Calls of write. */
  writes = 0;
  /** The socket takes no more. */
  full = false;
  reading = true;
  readonly streams = new Map<number, Http2Stream>();
  #flushDue = false;
  readonly #bytewise: boolean;
  /** The default user consumes at once. */
  consumes = true;
  /** Runs when a request arrives, after its user is set. */
  onRequest: (stream: Http2Stream, head: Http2Head, end: boolean) => void = () => {};
  onCapacity: () => void = () => {};

  constructor(role: Role, options: RigOptions = {}) {
    this.role = role;
    this.memory = options.memory ?? createMemory();
    this.#bytewise = options.bytewise ?? false;
    const output = {
      write: (at: number, length: number) => {
        this.writes++;
        this.#out.push(Buffer.from(this.memory.slab.bytes.subarray(at, at + length)));
        return !this.full;
      },
      requestFlush: () => {
        this.#flushDue = true;
      },
      setReading: (on: boolean) => {
        this.reading = on;
      },
    };
    const config = { ...DEFAULT_HTTP2_CONFIG, ...options.config };
    this.session = new Http2Session(role, config, this.memory, output, {
      onRequest: (stream, head, end) => {
        stream.user = this.user(stream);
        this.streams.set(stream.id, stream);
        this.note(`request ${stream.id} ${this.text(head.methodAt, head.methodLength)}${end ? ' end' : ''}`);
        this.onRequest(stream, head, end);
      },
      onRefused: (status) => this.note(`refused ${status}`),
      onCapacity: () => this.onCapacity(),
      onGoaway: (code) => this.note(`goaway ${nameErrorCode(code)}`),
      onIdle: () => this.note('idle'),
      onFatal: (code) => this.note(`fatal ${nameErrorCode(code)}`),
    });
    this.session.start(0);
  }

  /** A user that notes what it hears. */
  user(stream: Http2Stream | null): StreamUser & { stream: Http2Stream | null } {
    const self = {
      stream,
      onHead: (head: Http2Head, end: boolean) => this.note(`head ${id(self)} ${head.status}${end ? ' end' : ''}`),
      onData: (at: number, length: number, end: boolean) => {
        const text = length > 20 ? `${length}` : `"${this.text(at, length)}"`;
        this.note(`data ${id(self)} ${text}${end ? ' end' : ''}`);
        if (this.consumes) self.stream?.consumed(length);
      },
      onTrailers: (head: Http2Head) => this.note(`trailers ${id(self)} ${head.fieldCount}`),
      onReset: (code: number, unprocessed: boolean) =>
        this.note(`reset ${id(self)} ${nameErrorCode(code)}${unprocessed ? ' unprocessed' : ''}`),
      onWritable: () => this.note(`writable ${id(self)}`),
    };
    return self;
  }

  /** Client role: opens a stream and sends `head`. */
  open(head: MessageHead, end: boolean): Http2Stream {
    const user = this.user(null);
    const stream = this.session.openStream(user);
    if (stream === null) throw new Error('no capacity');
    user.stream = stream;
    stream.sendHead(head, PLAIN, end);
    this.streams.set(stream.id, stream);
    this.flush();
    return stream;
  }

  /** Gets the connection over its greetings, and forgets them. */
  greet(...pairs: (readonly [id: number, value: number])[]): this {
    if (this.role === 'server') this.feed(PREFACE);
    this.feed(settings(...pairs), settingsAck());
    this.frames();
    this.heard();
    return this;
  }

  /** Bytes of the peer, then the end of the turn. */
  feed(...pieces: readonly Buffer[]): void {
    const all = Buffer.concat(pieces);
    const step = this.#bytewise ? 1 : 65_536;
    for (let from = 0; from < all.length; from += step) {
      const n = all.copy(this.memory.slab.bytes, this.memory.slab.receiveArea, from, from + step);
      this.session.receive(this.memory.slab.receiveArea, n);
      this.turns++;
      for (; this.session.hasUnread; this.turns++) this.session.readOn();
    }
    this.flush();
  }

  flush(): void {
    for (let i = 0; i < 8 && this.#flushDue; i++) {
      this.#flushDue = false;
      this.session.flush();
    }
  }

  /** The socket took everything. */
  drain(): void {
    this.full = false;
    this.session.onDrain();
    this.flush();
  }

  /** Sends text as data of stream `id`; returns what `sendData` does. */
  sendData(id: number, content: string | Uint8Array, end = false): boolean {
    const from = Buffer.from(content as string, 'latin1');
    const { slab } = this.memory;
    from.copy(slab.bytes, slab.composeArea);
    const taken = this.stream(id).sendData(slab.composeArea, from.length, end);
    this.flush();
    return taken;
  }

  stream(id: number): Http2Stream {
    const stream = this.streams.get(id);
    if (stream === undefined) throw new Error(`no stream ${id}`);
    return stream;
  }

  /** What was written since the last call. */
  takeBytes(): Buffer {
    const all = Buffer.concat(this.#out);
    this.#out = [];
    return all;
  }

  /** Frames written since the last call, in words. */
  frames(): string[] {
    const all = this.takeBytes();
    const from = all.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE.length : 0;
    return readFrames(all.subarray(from)).map(describe);
  }

  heard(): string[] {
    const all = this.#heard;
    this.#heard = [];
    return all;
  }

  note(what: string): void {
    this.#heard.push(what);
  }

  text(at: number, length: number): string {
    return this.memory.slab.bytes.toString('latin1', at, at + length);
  }
}

function id(user: { stream: Http2Stream | null }): number {
  return user.stream?.id ?? 0;
}

export const PLAIN = { edits: null, insert: [], scheme: 'received' } as const;

/** A frame of a type that does not exist. */
export const UNKNOWN_FRAME = frame(0xee, 0xff, 7, 'whatever');
