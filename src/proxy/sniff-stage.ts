/**
 * The time between accept and verdict. The client's first bytes decide; if it stays silent for 10 ms the destination is
 * dialled in parallel, and whichever side speaks first decides. Nothing is forwarded before the verdict.
 */

import { SNIFF_LIMIT, sniff, type Verdict } from '../protocol-sniff/sniff.ts';
import { describeErrno, ETIMEDOUT } from '../reactor/errno.ts';
import { SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { SlabStash } from './slab-stash.ts';

/** A first message that could still become HTTP but does not go on for this long is taken as opaque. */
const UNDECIDED_MS = 250;

export interface Sniffed {
  readonly verdict: Verdict;
  readonly reason: 'client-bytes' | 'server-first' | 'client-ended' | 'undecided';
  /** Bytes of the client already read (slab offset), to be used before anything else. */
  readonly at: number;
  readonly length: number;
  /** Connection to the destination dialled meanwhile, connected or still connecting; null = none. */
  readonly parallel: Socket | null;
  /** Bytes of the server already read: only with reason server-first. */
  readonly serverAt: number;
  readonly serverLength: number;
}

export class SniffStage implements SocketHandler {
  readonly #context: Context;
  readonly #client: Socket;
  readonly #record: ConnectionRecord;
  /** Where a parallel dial goes; null = never dial before the verdict. */
  readonly #endpoint: Endpoint | null;
  readonly #done: (sniffed: Sniffed) => void;
  readonly #prefix: SlabStash;
  #parallel: Socket | null = null;
  #over = false;
  waiting = false;

  constructor(
    context: Context,
    client: Socket,
    record: ConnectionRecord,
    endpoint: Endpoint | null,
    done: (sniffed: Sniffed) => void,
  ) {
    this.#context = context;
    this.#client = client;
    this.#record = record;
    this.#endpoint = endpoint;
    this.#done = done;
    this.#prefix = new SlabStash(context.reactor.slab);
    client.handler = this;
  }

  /** @param dialNow the server spoke first here before: do not wait for silence */
  start(dialNow: boolean): void {
    const { reactor } = this.#context;
    reactor.resume(this.#client);
    if (this.#endpoint === null) return;
    if (dialNow) this.onDelay();
    else reactor.silence.add(this, reactor.now);
  }

  /** The client has been silent for 10 ms: dial, so that a server that speaks first is heard. */
  onDelay(): void {
    if (this.#over || this.#parallel !== null || this.#endpoint === null) return;
    const { reactor, limits } = this.#context;
    const socket = reactor.dial(this.#endpoint.address, this.#endpoint.mark, this);
    if (typeof socket === 'number') return this.#unreachable(socket);
    this.#parallel = socket;
    reactor.setTimer(socket, limits.connectTimeoutMs);
  }

  onData(socket: Socket, at: number, length: number): void {
    if (socket !== this.#client) return this.#serverSpoke(at, length);
    this.waiting = false;
    try {
      if (this.#prefix.length > 0) {
        if (!this.#prefix.append(at, length))
          return this.#decide('opaque', 'undecided', this.#prefix.at, this.#prefix.length);
        this.#look(this.#prefix.at, this.#prefix.length);
      } else this.#look(at, length);
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
    if (socket === this.#client) this.#end('reset');
    else if (this.#prefix.length === 0) this.#unreachable(errno);
    else {
      // The client has begun to speak: its bytes decide, and the dial is tried again where the verdict sends them.
      this.#context.reactor.reset(socket);
      this.#parallel = null;
    }
  }

  onTimeout(socket: Socket): void {
    if (socket !== this.#client) return this.onError(socket, ETIMEDOUT);
    this.#decide('opaque', 'undecided', this.#prefix.at, this.#prefix.length);
  }

  onDrain(): void {}
  onReadable(): void {}
  onWritable(): void {}

  #look(at: number, length: number): void {
    const verdict = sniff(this.#context.reactor.slab.bytes, at, length);
    if (verdict !== 'need-more') return this.#decide(verdict, 'client-bytes', at, length);
    if (length >= SNIFF_LIMIT) return this.#decide('opaque', 'undecided', at, length);
    if (this.#prefix.length === 0) this.#prefix.append(at, length);
    this.#context.reactor.setTimer(this.#client, UNDECIDED_MS);
  }

  #serverSpoke(at: number, length: number): void {
    if (this.#over) return;
    this.#finish({
      verdict: 'opaque',
      reason: 'server-first',
      at: this.#prefix.at,
      length: this.#prefix.length,
      parallel: this.#parallel,
      serverAt: at,
      serverLength: length,
    });
  }

  #decide(verdict: Verdict, reason: Sniffed['reason'], at: number, length: number): void {
    if (this.#over) return;
    this.#finish({ verdict, reason, at, length, parallel: this.#parallel, serverAt: 0, serverLength: 0 });
  }

  #finish(sniffed: Sniffed): void {
    this.#over = true;
    this.waiting = false;
    this.#context.reactor.clearTimer(this.#client);
    this.#parallel = null;
    this.#done(sniffed);
    this.#prefix.clear();
  }

  /** The destination does not take connections: the silent client learns it the only way left, by a reset. */
  #unreachable(errno: number): void {
    this.#record.flag = 'UF';
    this.#record.detail = describeErrno(errno);
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
