/** Whether a connection may reach a program, by PeerAuthentication alone: asked for traffic, and by `towpath explain`. Pure. */
import type { MtlsView } from '../../contract/host-view.ts';

/** What a connection is: mutual TLS of the mesh, TLS of programs, or neither. */
export type Security = 'mutual_tls' | 'tls' | 'none';

export interface RefusedArrival {
  readonly reason: 'plaintext' | 'foreign-tls' | 'disabled';
  readonly sentence: string;
}

/** null: it may. */
export function judgeArrival({ mode, policy }: MtlsView, security: Security): RefusedArrival | null {
  if (security === 'mutual_tls') {
    if (mode !== 'DISABLE') return null;
    return { reason: 'disabled', sentence: `PeerAuthentication ${policy} (DISABLE) accepts no mutual TLS` };
  }
  if (mode !== 'STRICT') return null;
  const strict = `PeerAuthentication ${policy} (STRICT) accepts mutual TLS of the mesh alone; the client speaks`;
  return security === 'tls'
    ? { reason: 'foreign-tls', sentence: `${strict} TLS that is not that of the mesh` }
    : { reason: 'plaintext', sentence: `${strict} without TLS` };
}
