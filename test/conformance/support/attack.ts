/** One client that sends as fast as the proxy takes it, within limits of its own, and what the proxy did about it. */
import { constants, setPriority } from 'node:os';
import type { Service } from './mesh.ts';
import { type Habits, type Owner, POLITE, RawPeer } from './raw-peer.ts';

export interface Flood {
  readonly title: string;
  readonly habits: Habits;
  /** Sent once, first. */
  readonly opening: Buffer;
  /** The `n`th batch, from 0. */
  readonly batch: (n: number) => Buffer;
  /** Batches at most, of as many messages as `perBatch` says. */
  readonly batches: number;
  readonly perBatch: number;
}

export interface Outcome {
  /** Code of the GOAWAY, null = none came. */
  readonly goaway: number | null;
  readonly closed: boolean;
  /** Messages that the kernel had taken when the connection ended, or all. */
  readonly sent: number;
  readonly bytes: number;
}

/** Attackers share the machine with what they attack: it comes first, so that what is measured is the proxy and not the machine. */
export function lowerPriority(): void {
  setPriority(constants.priority.PRIORITY_LOW);
}

/** It ignores what it hears, but for HTTP's courtesies. */
export const DEAF: Habits = { ...POLITE, polite: false, reads: false };
const AFTER_MS = 1_000;
const LIMIT_MS = 5_000;

/** Floods until the proxy closes, everything is sent, or 5 s have passed. */
export async function flood(t: Owner, service: Service, attack: Flood): Promise<Outcome> {
  const peer = await RawPeer.dial(t, service, attack.habits);
  const deadline = performance.now() + LIMIT_MS;
  peer.send(attack.opening);
  let n = 0;
  for (; n < attack.batches && !peer.closed && performance.now() < deadline; n++) {
    peer.send(attack.batch(n));
    await drained(peer, deadline);
  }
  await peer.until('the end', () => peer.closed || peer.goaway() !== null, AFTER_MS).catch(() => undefined);
  const outcome = {
    goaway: peer.goaway(),
    closed: peer.closed,
    sent: n * attack.perBatch,
    bytes: peer.socket.bytesWritten,
  };
  peer.close();
  return outcome;
}

/** The kernel has taken most of what was written; the loop turns, so that what came is heard. */
async function drained(peer: RawPeer, deadline: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  while (peer.socket.writableLength > 65_536 && !peer.closed && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
