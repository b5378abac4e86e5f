/** What main hands to a data thread when it starts one. Everything is plain or shared memory. */
import type { MessagePort } from 'node:worker_threads';
import type { Caller } from './callers.ts';
import type { Limits } from './context.ts';
import type { LimitMemory } from './limits/limit-memory.ts';

export { sharedNow } from '../contract/shared-clock.ts';

export interface ThreadListener {
  readonly fd: number;
  readonly family: 4 | 6;
  readonly side: 'outbound' | 'inbound' | 'explicit';
  /** Only programs of this account are brought here; absent: all that have no listener of their own. */
  readonly caller?: Caller | undefined;
}

export interface ThreadStart {
  readonly listeners: readonly ThreadListener[];
  /** Ports of our own: a connection whose original destination is one of them is a loop. */
  readonly ownPorts: readonly number[];
  /** Port of the listeners with side `explicit`; 0 = there are none. */
  readonly explicitPort: number;
  /** `region/zone/subzone` of this host, '' = unknown. */
  readonly locality: string;
  readonly limits: Limits;
  readonly inboundMark: number;
  readonly slabBytes: number;
  readonly counters: SharedArrayBuffer;
  readonly descriptors: SharedArrayBuffer;
  readonly vitals: SharedArrayBuffer;
  /** Of all threads together. */
  readonly limitMemory: LimitMemory;
  /** Ring of the records of requests and connections. */
  readonly records: SharedArrayBuffer;
  /** eventfd that main signals after posting a message. */
  readonly wakeFd: number;
  readonly port: MessagePort;
}

/** Places in the `vitals` Float64Array. */
export const VITAL_TURN_AT = 0;
export const VITAL_CONNECTIONS = 1;
export const VITAL_SOCKETS = 2;
export const VITAL_CHUNKS_IN_USE = 3;
export const VITAL_COUNT = 8;
