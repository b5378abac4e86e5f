/** The TCP listener on one loopback address: names of the mesh are answered, the rest goes over one connection to the resolver. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { DnsDesk } from './dns-desk.ts';
import { FrameReader, frame } from './frames.ts';
import type { Resolver } from './original-resolver.ts';

const MAX_CLIENTS = 128;
/** ms without a byte in either direction (RFC 7766 6.2.3: seconds are enough). */
const IDLE_MS = 20_000;
/** Bytes that may wait for one side before nothing more is read for it. */
const MAX_WAITING = 256 * 1024;

export interface TcpListener {
  /** Ends its connections too. */
  close(): void;
}

/** Binds the socket. Rejects with Node's own error when that fails. */
export async function serveTcp(local: Resolver, desk: DnsDesk): Promise<TcpListener> {
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    new DnsClient(socket, local, desk).start();
  });
  server.maxConnections = MAX_CLIENTS;
  await listen(server, local);
  return {
    close: () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

function listen(server: Server, { address, port }: Resolver): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true, ipv6Only: address.includes(':') }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

class DnsClient {
  readonly #client: Socket;
  readonly #local: Resolver;
  readonly #desk: DnsDesk;
  readonly #fromClient = new FrameReader();
  readonly #fromServer = new FrameReader();
  /** Opened for the first query that is not ours to answer. */
  #server: Socket | null = null;
  /** Queries sent on whose answers have not come. */
  #awaited = 0;
  #ended = false;

  constructor(client: Socket, local: Resolver, desk: DnsDesk) {
    this.#client = client;
    this.#local = local;
    this.#desk = desk;
  }

  start(): void {
    const client = this.#client;
    this.#watch(client);
    if (!this.#desk.isLocal(client.remoteAddress ?? '')) {
      this.#desk.count('tcp', 'ignored');
      return this.#drop();
    }
    client.on('data', (bytes: Buffer) => this.#receive(bytes));
    client.on('end', () => {
      this.#ended = true;
      this.#endIfServed();
    });
  }

  /** Either side gone, by whatever cause, the other goes too: as it would without us. */
  #watch(socket: Socket): void {
    socket.on('error', () => this.#drop()).on('close', () => this.#drop());
    socket.on('drain', () => this.#pace());
    socket.setTimeout(IDLE_MS, () => this.#drop());
  }

  #receive(bytes: Buffer): void {
    for (const message of this.#fromClient.push(bytes)) {
      const decision = this.#desk.decide(message);
      switch (decision.type) {
        case 'drop':
          this.#desk.count('tcp', 'ignored');
          return this.#drop();
        case 'answer':
          this.#desk.count('tcp', 'service');
          this.#reply(decision.message);
          break;
        case 'malformed':
          this.#desk.count('tcp', 'malformed');
          this.#reply(decision.message);
          break;
        case 'forward':
          this.#forward(message);
          break;
      }
    }
  }

  #forward(message: Buffer): void {
    this.#server ??= this.#dial();
    if (this.#server === null) {
      this.#desk.count('tcp', 'failed');
      return this.#drop();
    }
    this.#desk.count('tcp', 'forwarded');
    this.#awaited++;
    this.#server.write(frame(message));
    this.#pace();
  }

  #dial(): Socket | null {
    const from = { address: this.#client.remoteAddress ?? '', port: this.#client.remotePort ?? 0 };
    const [resolver] = this.#desk.serversFor('tcp', from, this.#local);
    if (resolver === undefined) return null;
    const server = connect({ host: resolver.address, port: resolver.port, noDelay: true });
    this.#watch(server);
    server.on('data', (bytes: Buffer) => {
      for (const answer of this.#fromServer.push(bytes)) {
        this.#awaited--;
        this.#reply(answer);
      }
      this.#endIfServed();
    });
    return server;
  }

  #reply(message: Buffer): void {
    if (this.#client.destroyed) return;
    this.#client.write(frame(message));
    this.#pace();
  }

  /** Reads on only from where what comes can go. */
  #pace(): void {
    const server = this.#server;
    const clientFull = this.#client.writableLength > MAX_WAITING;
    const serverFull = server !== null && server.writableLength > MAX_WAITING;
    if (clientFull || serverFull) this.#client.pause();
    else this.#client.resume();
    if (clientFull) server?.pause();
    else server?.resume();
  }

  #endIfServed(): void {
    if (!this.#ended || this.#awaited > 0) return;
    this.#client.end();
    this.#server?.destroy();
  }

  #drop(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }
}
