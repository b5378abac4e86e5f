/** The UDP listener on one loopback address. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { DnsDesk } from './dns-desk.ts';
import type { UdpForwarder } from './forward-udp.ts';
import type { Resolver } from './original-resolver.ts';
import type { Query } from './read-query.ts';
import { SERVER_FAILURE, writeRefusal } from './write-answer.ts';

/** Binds the socket. Rejects with Node's own error when that fails. */
export async function serveUdp(local: Resolver, desk: DnsDesk, forwarder: UdpForwarder): Promise<Socket> {
  const isIpv6 = local.address.includes(':');
  const socket = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  // A client that went away makes the kernel tell us so on the next call.
  socket.on('error', () => {});
  socket.on('message', (message, client) => receive({ socket, local, desk, forwarder }, message, client));
  return socket;
}

interface Parts {
  readonly socket: Socket;
  readonly local: Resolver;
  readonly desk: DnsDesk;
  readonly forwarder: UdpForwarder;
}

function receive(parts: Parts, message: Buffer, client: RemoteInfo): void {
  const { desk } = parts;
  if (!desk.isLocal(client.address)) return desk.count('udp', 'ignored');
  const decision = desk.decide(message);
  switch (decision.type) {
    case 'drop':
      return desk.count('udp', 'ignored');
    case 'answer':
      desk.count('udp', 'service');
      return reply(parts, decision.message, client);
    case 'malformed':
      desk.count('udp', 'malformed');
      return reply(parts, decision.message, client);
    case 'forward':
      return forward(parts, message, decision.query, client);
  }
}

/** A message without a readable question gets no failure of ours: its sender may not even want an answer. */
function forward(parts: Parts, message: Buffer, query: Query | null, client: RemoteInfo): void {
  const { desk, forwarder, local } = parts;
  const servers = desk.serversFor('udp', client, local);
  forwarder.forward(message, query, servers, (answer) => {
    desk.count('udp', answer === null ? 'failed' : 'forwarded');
    if (answer !== null) reply(parts, answer, client);
    else if (query !== null) reply(parts, writeRefusal(message, query, SERVER_FAILURE), client);
  });
}

function reply({ socket }: Parts, answer: Buffer, client: RemoteInfo): void {
  // The client may be gone, or its answer may not fit: it asks again, or by TCP.
  socket.send(answer, client.port, client.address, () => {});
}
