import { Worker } from 'node:worker_threads';
import t from 'tap';
import { DescriptorTable } from '../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { bindLibssl } from '../../../../src/reactor/libssl.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../src/reactor/slab.ts';
import { MAX_CONTEXTS, NativeTable } from '../../../../src/reactor/tls/native-table.ts';
import { createSlab, openDescriptors } from '../support/world.ts';
import type { DyingWorkerData } from './support/dying-worker.ts';
import { Pki } from './support/pki.ts';
import { issueOrders } from './support/rig.ts';

t.test('what is kept is found, counted, released once, and its place used again', async (t) => {
  const table = new NativeTable(new SharedArrayBuffer(NativeTable.bytesFor(4)), 0, 4);
  table.setConnection(2, 0x10n);
  const context = table.keep('context', 0x20n);
  const session = table.keep('session', 0x30n);
  t.equal(table.count, 3);
  t.same([table.at(2), table.at(context), table.at(session)], [0x10n, 0x20n, 0x30n]);
  t.equal(table.release(context), 0x20n);
  t.equal(table.release(context), 0n);
  table.setConnection(2, 0n);
  t.equal(table.count, 1);
  const places = new Set<number>();
  for (let i = 0; i < MAX_CONTEXTS; i++) places.add(table.keep('context', 0x40n));
  t.equal(places.size, MAX_CONTEXTS);
  t.notOk(places.has(-1));
  t.equal(table.keep('context', 0x50n), -1, 'full');
  t.equal(table.at(session), 0x30n, 'sessions have places of their own');
});

t.test('an empty table is freed without touching OpenSSL', async (t) => {
  const table = new NativeTable(new SharedArrayBuffer(NativeTable.bytesFor(1)), 0, 1);
  table.freeAll(() => t.fail('bound') as never);
  t.pass();
});

t.test('what a thread leaves behind when it dies is freed by another, without harm', { timeout: 60_000 }, async (t) => {
  const pki = new Pki();
  const { certificate, key } = issueOrders(pki);
  const kernel = new Kernel(createSlab(MINIMUM_SLAB_BYTES + 64));
  const descriptors = openDescriptors();
  // Long enough for a leak of every object to show: about 60 KiB in each round.
  for (let round = 0; round < 8; round++) {
    const table = DescriptorTable.forSockets(64);
    const workerData: DyingWorkerData = { shared: table.shared, certificate, key, authority: pki.ca.certificate };
    const worker = new Worker(new URL('./support/dying-worker.ts', import.meta.url), { workerData });
    const errors: Error[] = [];
    const messages: unknown[] = [];
    worker.on('error', (error) => errors.push(error as Error));
    worker.on('message', (message) => messages.push(message));
    await new Promise((resolve) => worker.on('exit', resolve));
    const [held] = messages;
    t.equal(errors[0]?.message, 'dies here');
    // Five connections with two ends each, two contexts, one session.
    t.equal(held, 13);
    t.equal(table.natives.count, 13);
    t.ok(table.closeAll(kernel) >= 10);
    t.equal(table.natives.count, 0);
  }
  bindLibssl().ERR_clear_error();
  t.ok(openDescriptors() <= descriptors + 4);
});
