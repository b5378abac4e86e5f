import { fstatSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { DescriptorTable } from '../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import { connectPeer, untilClosed } from './support/peer.ts';
import { createSlab, createWorld, destroyWorld, listen, openDescriptors, turnUntil } from './support/world.ts';

const kernel = new Kernel(createSlab(MINIMUM_SLAB_BYTES + 64));

t.test('everything noted is closed, once, and nothing else', async (t) => {
  const before = openDescriptors();
  const table = DescriptorTable.forSockets(3);
  t.equal(table.size, 3);
  table.setEpoll(kernel.epollCreate());
  table.takeReserve(kernel);
  table.set(0, kernel.socket(4));
  table.set(1, kernel.socket(6));
  const cleared = kernel.socket(4);
  table.set(2, cleared);
  kernel.pipe();
  const { read, write } = kernel.pipeEnds();
  table.setPipe(0, read, write);
  table.clear(2);
  t.equal(table.closeAll(kernel), 6);
  t.doesNotThrow(() => fstatSync(cleared), 'a cleared descriptor is not ours any more');
  t.equal(table.closeAll(kernel), 0);
  kernel.close(cleared);
  t.equal(openDescriptors(), before);
});

t.test('descriptor 0 is a descriptor like any other', async (t) => {
  const table = DescriptorTable.forSockets(1);
  const cells = new Int32Array(table.shared);
  table.set(0, 0);
  t.equal(cells.filter((cell) => cell !== 0).length, 1);
  table.clear(0);
  t.ok(cells.every((cell) => cell === 0));
});

t.test('the reserve is taken once and given back once', async (t) => {
  const table = DescriptorTable.forSockets(1);
  const before = openDescriptors();
  table.takeReserve(kernel);
  table.takeReserve(kernel);
  t.equal(openDescriptors(), before + 1);
  table.releaseReserve(kernel);
  table.releaseReserve(kernel);
  t.equal(openDescriptors(), before);
});

t.test('pipes that are cleared are not closed', async (t) => {
  const table = DescriptorTable.forSockets(2);
  kernel.pipe();
  const { read, write } = kernel.pipeEnds();
  table.setPipe(1, read, write);
  table.clearPipe(1);
  t.equal(table.closeAll(kernel), 0);
  kernel.close(read);
  kernel.close(write);
});

t.test('another thread closes what a dead one held, and its peers see a reset', async (t) => {
  const world = createWorld();
  const to = listen(world, '127.0.0.1', () => {});
  const peer = await connectPeer(world, to);
  await turnUntil(world, () => world.reactor.openSockets === 1);
  // As main does it for a data thread; here the roles are the other way round.
  const worker = new Worker(new URL('./support/close-table.ts', import.meta.url), {
    workerData: world.descriptors.shared,
  });
  const closed = await new Promise((resolve) => worker.once('message', resolve));
  t.equal(closed, 2, 'epoll and the connection');
  await untilClosed(peer);
  t.equal(peer.error?.code, 'ECONNRESET');
  destroyWorld(world);
});
