/** Worker: closes every descriptor of the table that it is given, and says how many there were. */
import { parentPort, workerData } from 'node:worker_threads';
import { DescriptorTable } from '../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../src/reactor/slab.ts';
import { createSlab } from './world.ts';

const table = new DescriptorTable(workerData as SharedArrayBuffer);
parentPort?.postMessage(table.closeAll(new Kernel(createSlab(MINIMUM_SLAB_BYTES + 64))));
