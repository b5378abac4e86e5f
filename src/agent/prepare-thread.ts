/** What a data thread is given when it starts. */
import type { MessagePort } from 'node:worker_threads';
import { INBOUND_DIAL_MARK } from '../intercept/index.ts';
import { Counters } from '../proxy/counters.ts';
import type { LimitMemory } from '../proxy/limits/limit-memory.ts';
import { type ThreadListener, type ThreadStart, VITAL_COUNT } from '../proxy/thread-start.ts';
import { DescriptorTable } from '../reactor/descriptor-table.ts';
import type { Kernel } from '../reactor/kernel.ts';
import { makeRing } from '../telemetry/records/record-ring.ts';
import { dataPlaneLimits } from './data-plane-limits.ts';
import type { DataThreadSettings } from './data-threads-types.ts';

/** Buffers of one data thread; only what is touched takes memory. */
const SLAB_BYTES = 64 * 1024 * 1024;
/** Records of one data thread on their way to main; only what is used takes memory. */
const RING_BYTES = 4 * 1024 * 1024;

/** @param listeners its own, open already @param limitMemory of all threads together @param port goes to the thread */
export function prepareThread(
  kernel: Kernel,
  settings: DataThreadSettings,
  listeners: readonly ThreadListener[],
  limitMemory: LimitMemory,
  port: MessagePort,
): ThreadStart {
  const { outboundPort, inboundPort, explicitPort, programs } = settings;
  const limits = dataPlaneLimits(settings.limits);
  return {
    listeners,
    ownPorts: [outboundPort, inboundPort, ...programs.map(({ port }) => port)],
    explicitPort: explicitPort ?? 0,
    locality: settings.locality ?? '',
    limits,
    inboundMark: INBOUND_DIAL_MARK,
    slabBytes: SLAB_BYTES,
    counters: Counters.sharedMemory(),
    descriptors: DescriptorTable.forSockets(limits.maxSockets).shared,
    vitals: new SharedArrayBuffer(VITAL_COUNT * 8),
    limitMemory,
    records: makeRing(RING_BYTES),
    wakeFd: kernel.eventDescriptor(),
    port,
  };
}
