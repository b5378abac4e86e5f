import type { TlsObserver } from '../reactor/tls/tls-observer.ts';
import type { Counters } from './counters.ts';

/** Counts handshakes as towpath_tls_handshakes_total, and failures as towpath_tls_failures_total. */
export function countTls(counters: Counters): TlsObserver {
  return {
    established: (side, resumed) =>
      counters.count('towpath_tls_handshakes_total', { side, resumed: resumed ? 'true' : 'false' }),
    failed: (side, reason) => counters.count('towpath_tls_failures_total', { side, reason }),
  };
}
