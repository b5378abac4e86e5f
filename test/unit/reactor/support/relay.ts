/** The smallest honest owner of two connections: bytes, FIN and RST both ways, copying first and splicing once it is bulk. */
import type { Socket, SocketHandler } from '../../../../src/reactor/socket.ts';
import { SplicePipe } from '../../../../src/reactor/splice-pipe.ts';
import type { World } from './world.ts';

export class Relay implements SocketHandler {
  readonly #world: World;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #spliceAfter: number;
  #pipes: { readonly fromClient: SplicePipe; readonly fromServer: SplicePipe } | null = null;
  /** How it ended: `closed`, or the errors in the order they were told. More than one entry is a bug. */
  readonly endings: string[] = [];
  spliced = false;

  constructor(world: World, client: Socket, server: Socket, spliceAfter: number) {
    this.#world = world;
    this.#client = client;
    this.#server = server;
    this.#spliceAfter = spliceAfter;
    client.handler = this;
    server.handler = this;
  }

  onConnect(): void {}
  onTimeout(): void {}

  onData(socket: Socket, at: number, length: number): void {
    const { reactor } = this.#world;
    if (!reactor.write(this.#other(socket), at, length)) reactor.pause(socket);
    else if (socket.bytesRead > this.#spliceAfter && !socket.raw) this.#splice();
  }

  onEnd(socket: Socket): void {
    this.#world.reactor.end(this.#other(socket));
    if (this.#client.readClosed && this.#server.readClosed && !this.#server.connecting) this.#finish('closed');
  }

  onDrain(socket: Socket): void {
    this.#world.reactor.resume(this.#other(socket));
  }

  onError(_socket: Socket, errno: number): void {
    this.#finish(`error ${errno}`);
  }

  onReadable(socket: Socket): void {
    this.#pump(socket, this.#other(socket));
  }

  onWritable(socket: Socket): void {
    this.#world.reactor.setWantsWritable(socket, false);
    this.#world.reactor.resume(this.#other(socket));
    this.#pump(this.#other(socket), socket);
  }

  #splice(): void {
    const { reactor } = this.#world;
    if (this.#client.pending !== null || this.#server.pending !== null || this.#server.connecting) return;
    const fromClient = SplicePipe.open(reactor.kernel);
    const fromServer = fromClient === null ? null : SplicePipe.open(reactor.kernel);
    if (fromClient === null || fromServer === null) return fromClient?.close();
    this.#pipes = { fromClient, fromServer };
    reactor.setRaw(this.#client, fromClient);
    reactor.setRaw(this.#server, fromServer);
    this.spliced = true;
  }

  #pump(source: Socket, target: Socket): void {
    const { reactor } = this.#world;
    if (this.#pipes === null) return;
    const result = (source === this.#client ? this.#pipes.fromClient : this.#pipes.fromServer).pump(
      source,
      target,
      false,
    );
    if (typeof result === 'object') return this.#finish(`error ${result.errno}`);
    if (result === 'blocked') {
      reactor.pause(source);
      reactor.setWantsWritable(target, true);
    } else if (result === 'ended') {
      reactor.markReadClosed(source);
      this.onEnd(source);
    }
  }

  #other(socket: Socket): Socket {
    return socket === this.#client ? this.#server : this.#client;
  }

  #finish(ending: string): void {
    this.endings.push(ending);
    const { reactor } = this.#world;
    this.#pipes = null;
    for (const socket of [this.#client, this.#server]) {
      if (ending === 'closed') reactor.close(socket);
      else reactor.reset(socket);
    }
  }
}
