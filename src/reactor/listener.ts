/** A listening descriptor as the reactor keeps it, and what its owner hears. */
import type { Socket } from './socket.ts';
import type { SockAddr } from './socket-address.ts';
import type { Timed } from './timer-wheel.ts';

export interface ListenerHandler {
  readonly family: 4 | 6;
  /** Takes over an accepted connection. `destination` is null when the connection was not redirected to us. */
  onAccept(socket: Socket, destination: SockAddr | null): void;
  /** A connection was refused for lack of descriptors, memory or places (errno, or 0 = our own limit). */
  onShed(errno: number): void;
}

/** Its deadline is the end of a pause. */
export interface Listener extends Timed {
  readonly kind: 'listener';
  readonly fd: number;
  readonly slot: number;
  readonly handler: ListenerHandler;
}
