/**
 * The time between accept and verdict. The client's first bytes decide; if it stays silent for 10 ms the destination is
 * dialled in parallel, and whichever side speaks first decides. Nothing is forwarded before the verdict.
 */

import { isHttp2Greeting } from '../protocol-sniff/http2-greeting.ts';
import { SNIFF_LIMIT, sniff, type Verdict } from '../protocol-sniff/sniff.ts';
import { ETIMEDOUT } from '../reactor/errno.ts';
import { LARGE_CHUNK, SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { SlabStash } from './slab-stash.ts';
import { describeDial, dialEndpoint } from './upstream/dial.ts';

/** A first message that could still become HTTP but does not go on for this long is taken as opaque. */
const UNDECIDED_MS = 250;
/** Endpoints dialled for one silent client. */
const MAX_DIALS = 3;

export interface Sniffed {
  readonly verdict: Verdict;
  readonly reason: 'client-bytes' | 'server-first' | 'client-ended' | 'undecided';
  /** Bytes of the client already read (slab offset), to be used before anything else. */
  readonly at: number;
  readonly length: number;
  /** Connection to the destination dialled meanwhile, connected or still connecting; null = none. */
  readonly parallel: Socket | null;
  /** Where `parallel` leads, or would have; null = nothing was chosen. */
  readonly endpoint: Endpoint | null;
  /** Bytes of the server already read: only with reason server-first. */
  readonly serverAt: number;
  readonly serverLength: number;
}

/** Where a parallel dial goes, given those that failed before; null = nowhere (any more). */
export type ChooseEndpoint = (failed: readonly Endpoint[]) => Endpoint | null;

export class SniffStage implements SocketHandler {
  readonly #context: Context;
  readonly #client: Socket;
  readonly #record: ConnectionRecord;
  readonly #choose: ChooseEndpoint;
  /** Chosen when the stage begins; null = never dial before the verdict. */
  #endpoint: Endpoint | null;
  readonly #failed: Endpoint[] = [];
  readonly #done: (sniffed: Sniffed) => void;
  readonly #prefix: SlabStash;
  #parallel: Socket | null = null;
  #over = false;
  waiting = false;
  /** How often the silence must pass before the destination is dialled. */
  patience = 1;

  constructor(
    context: Context,
    client: Socket,
    record: ConnectionRecord,
    choose: ChooseEndpoint,
    done: (sniffed: Sniffed) => void,
  ) {
    this.#context = context;
    this.#client = client;
    this.#record = record;
    this.#choose = choose;
    this.#endpoint = choose(this.#failed);
    this.#done = done;
    this.#prefix = new SlabStash(context.reactor.slab);
    client.handler = this;
  }

  /** @param dialNow the server spoke first here before: do not wait for silence */
  start(dialNow: boolean): void {
    const { reactor } = this.#context;
    reactor.resume(this.#client);
    if (this.#endpoint === null) return;
    if (dialNow) this.#dialInParallel();
    else reactor.silence.add(this, reactor.now);
  }

  /**
   * The client has been silent for 10 ms: dial, so that a server that speaks first is heard. A kept-alive connection is proof that
   * this one does not: bytes that nobody asked for would have ended it.
   */
  onDelay(): void {
    if (this.#endpoint !== null && this.#endpoint.idle.length > 0) return;
    if (--this.patience > 0) return this.#context.reactor.silence.add(this, this.#context.reactor.now);
    this.#context.reactor.runFor(this.#client, () => this.#dialInParallel());
  }

  #dialInParallel(): void {
    if (this.#over || this.#parallel !== null || this.#endpoint === null) return;
    const { reactor, limits } = this.#context;
    const socket = dialEndpoint(reactor, this.#endpoint, limits.connectTimeoutMs, this, 'bytes');
    if (typeof socket === 'number') return this.#dialFailed(this.#endpoint, describeDial(this.#endpoint, socket));
    this.#parallel = socket;
  }

  onData(socket: Socket, at: number, length: number): void {
    if (socket !== this.#client) return this.#serverSpoke(at, length);
    this.waiting = false;
    try {
      if (this.#prefix.length > 0) this.#lookFurther(at, length);
      else this.#look(at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#end('refused');
    }
  }

  onEnd(socket: Socket): void {
    if (socket === this.#client) this.#decide('opaque', 'client-ended', this.#prefix.at, this.#prefix.length);
    else this.#serverSpoke(0, 0);
  }

  onConnect(socket: Socket): void {
    this.#context.reactor.clearTimer(socket);
  }

  onError(socket: Socket, errno: number): void {
    if (socket === this.#client) return this.#end('reset');
    this.#context.reactor.reset(socket);
    this.#parallel = null;
    // Once the client has begun to speak its bytes decide, and the dial is tried again where the verdict sends them.
    if (this.#prefix.length === 0 && this.#endpoint !== null) this.#dialFailed(this.#endpoint, socket.describe(errno));
  }

  onTimeout(socket: Socket): void {
    if (socket !== this.#client) return this.onError(socket, ETIMEDOUT);
    this.#decide('opaque', 'undecided', this.#prefix.at, this.#prefix.length);
  }

  onDrain(): void {}
  onReadable(): void {}
  onWritable(): void {}

  /** Looks at what is kept together with new bytes: as much as fits, which is more than a verdict ever needs. */
  #lookFurther(at: number, length: number): void {
    const fits = Math.min(length, LARGE_CHUNK - this.#prefix.length);
    this.#prefix.append(at, fits);
    this.#look(this.#prefix.at, this.#prefix.length);
    const client = this.#client;
    if (fits < length && !client.closed) client.handler.onData(client, at + fits, length - fits);
  }

  #look(at: number, length: number): void {
    const verdict = sniff(this.#context.reactor.slab.bytes, at, length);
    if (verdict !== 'need-more') return this.#decide(verdict, 'client-bytes', at, length);
    if (length >= SNIFF_LIMIT) return this.#decide('opaque', 'undecided', at, length);
    if (this.#prefix.length === 0) this.#prefix.append(at, length);
    this.#context.reactor.setTimer(this.#client, UNDECIDED_MS);
  }

  #serverSpoke(at: number, length: number): void {
    if (this.#over) return;
    if (isHttp2Greeting(this.#context.reactor.slab.bytes, at, length)) return this.#awaitClient();
    this.#finish({
      verdict: 'opaque',
      reason: 'server-first',
      at: this.#prefix.at,
      length: this.#prefix.length,
      parallel: this.#parallel,
      endpoint: this.#endpoint,
      serverAt: at,
      serverLength: length,
    });
  }

  /** An HTTP/2 server sends its SETTINGS unasked (RFC 9113 3.4), which decides nothing: the client has yet to say what it speaks. */
  #awaitClient(): void {
    if (this.#parallel !== null) this.#context.reactor.reset(this.#parallel);
    this.#parallel = null;
    this.#endpoint = null;
  }

  #decide(verdict: Verdict, reason: Sniffed['reason'], at: number, length: number): void {
    if (this.#over) return;
    const parallel = this.#parallel;
    const endpoint = this.#endpoint;
    this.#finish({ verdict, reason, at, length, parallel, endpoint, serverAt: 0, serverLength: 0 });
  }

  #finish(sniffed: Sniffed): void {
    this.#over = true;
    this.waiting = false;
    this.#context.reactor.clearTimer(this.#client);
    this.#parallel = null;
    this.#done(sniffed);
    this.#prefix.clear();
  }

  /** Another endpoint may be heard. With none left the silent client learns it the only way there is, by a reset. */
  #dialFailed(endpoint: Endpoint, sentence: string): void {
    this.#failed.push(endpoint);
    this.#endpoint = this.#failed.length < MAX_DIALS ? this.#choose(this.#failed) : null;
    if (this.#endpoint !== null) return this.#dialInParallel();
    this.#record.flag = 'UF';
    this.#record.detail = sentence;
    this.#end('unreachable');
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.waiting = false;
    this.#prefix.clear();
    if (this.#parallel !== null) this.#context.reactor.reset(this.#parallel);
    this.#context.reactor.reset(this.#client);
    this.#record.close(ending);
  }
}
