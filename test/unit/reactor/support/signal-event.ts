/** Worker: signals an eventfd each time its gate is raised. */
import { parentPort, workerData } from 'node:worker_threads';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../src/reactor/slab.ts';
import { createSlab } from './world.ts';

const { event, gate } = workerData as { readonly event: number; readonly gate: Int32Array };
const kernel = new Kernel(createSlab(MINIMUM_SLAB_BYTES + 64));
parentPort?.postMessage('ready');
for (let seen = 0; ; seen++) {
  Atomics.wait(gate, 0, seen);
  // Long enough that the loop is asleep by then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  kernel.signalEvent(event);
}
