/** What the explicit mode of a data thread needs beside the rest of the pipeline. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { ResolvedNames } from './resolved-names.ts';

export interface ExplicitParts {
  /** The port of the listener, on loopback; 0 = there is none. */
  readonly port: number;
  /** Where redirected connections arrive. */
  readonly capturePorts: ReadonlySet<number>;
  readonly names: ResolvedNames;
  /** Waits for main to resolve a host name: calls back with false when it did not in time. */
  readonly whenNameResolves: (name: string, done: (arrived: boolean) => void) => void;
}

/** True for a destination that is one of our own listeners: a loop. */
export function isOwnListener({ port, capturePorts }: ExplicitParts, address: SockAddr): boolean {
  if (capturePorts.has(address.port)) return true;
  return address.port === port && (address.isLoopback() || isUnspecified(address));
}

/** Dialled, it means this host (ip(7)). */
function isUnspecified({ a, b, c, d }: SockAddr): boolean {
  return a === 0 && b === 0 && c === 0 && d === 0;
}
