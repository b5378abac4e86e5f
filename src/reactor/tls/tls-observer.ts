import type { TlsReason } from './tls-reasons.ts';

export type TlsSide = 'client' | 'server';

/** Hears of handshakes, to count them. It must not throw, nor touch the connection. */
export interface TlsObserver {
  established(side: TlsSide, resumed: boolean): void;
  /** A handshake failed, or TLS broke on an established connection; once for each connection. */
  failed(side: TlsSide, reason: TlsReason): void;
}

export const UNOBSERVED: TlsObserver = { established: () => {}, failed: () => {} };
