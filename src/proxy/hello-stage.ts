/** Waits for the whole ClientHello of a TLS client, to learn which server it asks for. Nothing is dialled meanwhile. */
import { type ClientHello, sniffServerName } from '../protocol-sniff/server-name.ts';
import { SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import { SlabStash } from './slab-stash.ts';

/** Called once, with the bytes read so far (slab offset, good for the call); no hello: the client speaks no TLS, or ended before. */
export type Heard = (hello: Extract<ClientHello, { type: 'hello' }> | null, at: number, length: number) => void;

export class HelloStage implements SocketHandler {
  readonly #context: Context;
  readonly #client: Socket;
  readonly #record: ConnectionRecord;
  readonly #heard: Heard;
  readonly #read: SlabStash;
  #over = false;

  constructor(context: Context, client: Socket, record: ConnectionRecord, heard: Heard) {
    this.#context = context;
    this.#client = client;
    this.#record = record;
    this.#heard = heard;
    this.#read = new SlabStash(context.reactor.slab);
    client.handler = this;
  }

  /** @param at bytes that were read before */
  start(at: number, length: number): void {
    const { reactor, limits } = this.#context;
    reactor.setTimer(this.#client, limits.headTimeoutMs);
    reactor.resume(this.#client);
    if (length > 0) this.onData(this.#client, at, length);
    else if (this.#client.readClosed) this.#finish(null, 0, 0);
  }

  onData(_client: Socket, at: number, length: number): void {
    if (this.#over) return;
    try {
      if (this.#read.length === 0) this.#look(at, length);
      // More than a hello may ever be: it is none.
      else if (!this.#read.append(at, length)) this.#finish(null, this.#read.at, this.#read.length);
      else this.#look(this.#read.at, this.#read.length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#end('refused');
    }
  }

  onEnd(): void {
    this.#finish(null, this.#read.at, this.#read.length);
  }

  onTimeout(): void {
    this.#record.flag = 'SI';
    this.#end('timeout');
  }

  onError(): void {
    this.#end('reset');
  }

  onConnect(): void {}
  onDrain(): void {}
  onReadable(): void {}
  onWritable(): void {}

  #look(at: number, length: number): void {
    const hello = sniffServerName(this.#context.reactor.slab.bytes, at, length);
    if (hello.type === 'hello') return this.#finish(hello, at, length);
    if (hello.type === 'malformed') return this.#finish(null, at, length);
    if (this.#read.length === 0) this.#read.append(at, length);
  }

  #finish(hello: Parameters<Heard>[0], at: number, length: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.reactor.clearTimer(this.#client);
    this.#heard(hello, at, length);
    this.#read.clear();
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#read.clear();
    this.#context.reactor.reset(this.#client);
    this.#record.close(ending);
  }
}
