/** Worker: holds TLS connections of both roles to itself, reports them, and dies of an error in the middle of it. */
import { parentPort, workerData } from 'node:worker_threads';
import { DescriptorTable } from '../../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../../src/reactor/kernel.ts';
import { openListener } from '../../../../../src/reactor/listen.ts';
import { Reactor } from '../../../../../src/reactor/reactor.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../../src/reactor/slab.ts';
import type { Socket } from '../../../../../src/reactor/socket.ts';
import { TlsClientContext, TlsServerContext } from '../../../../../src/reactor/tls/tls-context.ts';
import { NOTHING_RECEIVED } from '../../../../../src/reactor/tls/tls-engine.ts';
import { TlsTarget } from '../../../../../src/reactor/tls/tls-target.ts';
import { Recorder } from '../../support/recorder.ts';
import { addressOf, createSlab, send, type World } from '../../support/world.ts';

export interface DyingWorkerData {
  readonly shared: SharedArrayBuffer;
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
  readonly authority: Uint8Array;
}

const { shared, certificate, key, authority } = workerData as DyingWorkerData;
const CONNECTIONS = 5;
const slab = createSlab(MINIMUM_SLAB_BYTES + 1024 * 1024);
const kernel = new Kernel(slab);
const descriptors = new DescriptorTable(shared);
const reactor = new Reactor(kernel, descriptors, 10);
const world: World = { slab, kernel, descriptors, reactor, listeners: [], thrown: [], atEnd: [] };
const { library } = reactor.tls;
const settings = { identity: { certificates: certificate, key }, clients: null, protocols: [], ticketKeys: null };
const initial = new TlsServerContext(library, settings);
const context = new TlsClientContext(library, { trusted: authority, identity: null });
const target = new TlsTarget(context, { serverName: null, hosts: [], uris: [], protocols: [], requireProtocol: false });
const opened = openListener(kernel, addressOf('127.0.0.1', 0), false);
if (!opened.ok) throw new Error(opened.sentence);
const accepted: Socket[] = [];
reactor.addListener(opened.fd, {
  family: 4,
  onAccept: (socket) => {
    accepted.push(socket);
    const heard = new Recorder(world);
    heard.on.connect = (self) => void send(world, self, 'hello');
    socket.handler = heard;
    reactor.tls.startServer(socket, { initial, choose: () => initial }, NOTHING_RECEIVED);
  },
  onShed: () => {},
});
const address = kernel.localAddress(opened.fd);
const clients = Array.from({ length: CONNECTIONS }, () => {
  const heard = new Recorder(world);
  const socket = address === null ? 0 : reactor.dial(address, 0, heard);
  if (typeof socket === 'number') throw new Error(`dial ${socket}`);
  reactor.tls.startClient(socket, target);
  return heard;
});
while (clients.some(({ bytes }) => bytes === 0)) reactor.turn(10);
kernel.close(opened.fd);
parentPort?.postMessage(descriptors.natives.count);
throw new Error('dies here');
