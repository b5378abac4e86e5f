/** A man in the middle of a TCP connection who splits, cuts or damages what passes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Mischief {
  /** Bytes from the client after which `act` happens; Infinity = never. */
  readonly fromClient?: number;
  readonly fromServer?: number;
  /** What happens there: both connections end, are reset, or one byte is changed. */
  readonly act: 'end' | 'reset' | 'damage';
  /** Passes on every byte in a segment of its own. */
  readonly oneByOne?: boolean;
}

export interface Middle {
  readonly port: number;
  /** Bytes passed on so far, from the client and from the server. */
  readonly passed: { client: number; server: number };
  /** It has acted. */
  acted: boolean;
  close(): void;
}

export async function startMiddle(serverPort: number, mischief: Mischief): Promise<Middle> {
  const sockets: Socket[] = [];
  let closed = false;
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const middle: Middle = {
    port: await listenOn(server),
    passed: { client: 0, server: 0 },
    acted: false,
    close: () => {
      closed = true;
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  server.on('connection', (client) => {
    if (closed) return void client.destroy();
    const upstream = connect({ host: '127.0.0.1', port: serverPort, allowHalfOpen: true, noDelay: true });
    sockets.push(client, upstream);
    pass(client, upstream, 'client', mischief.fromClient ?? Number.POSITIVE_INFINITY);
    pass(upstream, client, 'server', mischief.fromServer ?? Number.POSITIVE_INFINITY);
  });

  function pass(from: Socket, to: Socket, side: 'client' | 'server', limit: number): void {
    from.on('error', () => to.destroy());
    from.on('end', () => to.end());
    from.on('data', (piece: Buffer) => {
      const room = limit - middle.passed[side];
      const bytes = Buffer.from(piece);
      if (room < piece.length && mischief.act === 'damage' && !middle.acted) {
        bytes[room] ^= 0x55;
        middle.acted = true;
      }
      const cut = room <= piece.length && mischief.act !== 'damage' && !middle.acted;
      const allowed = cut ? bytes.subarray(0, room) : bytes;
      middle.passed[side] += allowed.length;
      if (mischief.oneByOne) for (let i = 0; i < allowed.length; i++) to.write(allowed.subarray(i, i + 1));
      else to.write(allowed);
      if (!cut) return;
      middle.acted = true;
      for (const socket of [from, to]) {
        socket.removeAllListeners('data');
        // libuv refuses to reset after a shutdown, and Node then forgets the descriptor.
        if (mischief.act === 'reset' && socket.writableEnded) socket.destroy();
        else if (mischief.act === 'reset') socket.resetAndDestroy();
        else socket.end();
      }
    });
  }
  return middle;
}

async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
