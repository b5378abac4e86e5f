import type { Interest } from '../interest.ts';
import type { Kernel } from '../kernel.ts';
import type { Deferred } from '../turn-end.ts';
import type { Moved } from './move-records.ts';
import type { TlsBuffers } from './tls-buffers.ts';
import type { TlsLibrary } from './tls-library.ts';
import type { TlsObserver } from './tls-observer.ts';

/** What connections need of the engine that made them. */
export interface TlsHost {
  readonly kernel: Kernel;
  readonly interest: Interest;
  readonly library: TlsLibrary;
  readonly observer: TlsObserver;
  readonly buffers: TlsBuffers;
  /** Filled by each read and write, so that none allocates. */
  readonly moved: Moved;
  /** Wall-clock ms at which the first of the established connections has `validUntilMs`; Infinity = none has. */
  firstEndMs: number;
  /** As Reactor.atNextTurnEnd. */
  atNextTurnEnd(work: Deferred): void;
  /** False when this turn has seen enough handshakes: epoll will report the connection again. */
  takeHandshake(): boolean;
}
