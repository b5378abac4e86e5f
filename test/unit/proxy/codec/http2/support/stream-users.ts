/** Behaviours of a stream's user, for both roles. */
import type { Http2Head } from '../../../../../../src/proxy/codec/http2/http2-head.ts';
import type { Http2Stream, StreamUser } from '../../../../../../src/proxy/codec/http2/http2-stream.ts';
import type { SessionMemory } from '../../../../../../src/proxy/codec/http2/session-types.ts';
import { fieldsOf, makeHead } from './make-head.ts';
import { PLAIN } from './session-rig.ts';

/** Notes and counts what it hears, and consumes at once. */
export class Listener implements StreamUser {
  readonly memory: SessionMemory;
  stream: Http2Stream | null = null;
  statuses: number[] = [];
  fields: [name: string, value: string][] = [];
  trailers: [name: string, value: string][] | null = null;
  received = 0;
  /** Sum of all bytes, a cheap check that they are the right ones. */
  sum = 0;
  ended = false;
  reset: { readonly code: number; readonly unprocessed: boolean; readonly sentence: string } | null = null;

  constructor(memory: SessionMemory) {
    this.memory = memory;
  }

  get isOver(): boolean {
    return this.ended || this.reset !== null;
  }

  onHead(head: Http2Head, end: boolean): void {
    this.statuses.push(head.status);
    this.fields = fieldsOf(this.memory, head);
    this.ended = end;
  }
  onData(at: number, length: number, end: boolean): void {
    this.received += length;
    const { bytes } = this.memory.slab;
    for (let i = at; i < at + length; i += 997) this.sum += bytes[i];
    this.stream?.consumed(length);
    if (end) this.ended = true;
  }
  onTrailers(head: Http2Head): void {
    this.trailers = fieldsOf(this.memory, head);
    this.ended = true;
  }
  onReset(code: number, unprocessed: boolean, sentence: string): void {
    this.reset = { code, unprocessed, sentence };
  }
  onWritable(): void {}
}

/** Sends `bytes` bytes as fast as it may. */
export class Pourer extends Listener {
  #left: number;
  /** Most bytes handed over at once. */
  readonly #step: number;

  constructor(memory: SessionMemory, bytes: number, step = 65_536) {
    super(memory);
    this.#left = bytes;
    this.#step = step;
  }

  pour(): void {
    const { slab } = this.memory;
    while (this.stream !== null && this.reset === null && this.#left > 0) {
      const n = Math.min(this.#left, this.#step);
      this.#left -= n;
      if (!this.stream.sendData(slab.composeArea, n, this.#left === 0)) return;
    }
  }

  override onWritable(): void {
    this.pour();
  }
}

/** Sends back what comes, no faster than it leaves, trailers included. */
export class Echo extends Listener {
  #waiting = 0;

  override onData(at: number, length: number, end: boolean): void {
    this.received += length;
    if (this.stream?.sendData(at, length, end) === false) this.#waiting += length;
    else this.stream?.consumed(length);
    if (end) this.ended = true;
  }
  override onTrailers(head: Http2Head): void {
    this.stream?.sendTrailers(head);
    this.ended = true;
  }
  override onWritable(): void {
    this.stream?.consumed(this.#waiting);
    this.#waiting = 0;
  }
}

/** A server with a behaviour for each path, as `serve` wants it. */
export class App {
  readonly memory: SessionMemory;
  readonly users: Listener[] = [];
  requests = 0;

  constructor(memory: SessionMemory) {
    this.memory = memory;
  }

  readonly onRequest = (stream: Http2Stream, head: Http2Head, end: boolean): void => {
    this.requests++;
    const path = this.memory.slab.bytes.toString('latin1', head.targetAt, head.targetAt + head.targetLength);
    const [, what, size] = path.split('/');
    const user = this.#create(what ?? '', Number(size ?? 0));
    user.stream = stream;
    user.ended = end;
    stream.user = user;
    this.users.push(user);
    this.#begin(what ?? '', user, stream, head);
  };

  #create(what: string, size: number): Listener {
    if (what === 'echo') return new Echo(this.memory);
    return what === 'pour' ? new Pourer(this.memory, size) : new Listener(this.memory);
  }

  #begin(what: string, user: Listener, stream: Http2Stream, head: Http2Head): void {
    const { memory } = this;
    const respond = (status: number, end: boolean): boolean =>
      stream.sendHead(
        makeHead(memory, 'response', [
          [':status', String(status)],
          ['server', 'towpath'],
        ]),
        PLAIN,
        end,
      );
    if (what === 'hang') return;
    if (what === 'small') {
      respond(200, false);
      stream.sendData(memory.slab.composeArea, 200, true);
    } else if (what === 'fields') {
      const echoed = fieldsOf(memory, head).filter(([name]) => name.startsWith('x-'));
      stream.sendHead(makeHead(memory, 'response', [[':status', '200'], ...echoed]), PLAIN, true);
    } else if (what === 'interim') {
      respond(103, false);
      respond(200, true);
    } else if (what === 'refuse') stream.reset(7);
    else if (what === 'cut') {
      respond(200, false);
      stream.sendData(memory.slab.composeArea, 100, false);
      stream.reset(2);
    } else {
      respond(200, false);
      if (user instanceof Pourer) user.pour();
    }
  }
}
