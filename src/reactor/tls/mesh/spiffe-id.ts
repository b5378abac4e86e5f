/** SPIFFE IDs (SPIFFE-ID 2): `spiffe://<trust-domain>/<path>`. Strict: what two readers could read differently is refused. */
import { err, ok, type Result } from '../../../core/result.ts';

export const MAX_SPIFFE_ID_BYTES = 2048;
const MAX_TRUST_DOMAIN_BYTES = 255;
const SCHEME = 'spiffe://';
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

export interface SpiffeId {
  readonly trustDomain: string;
  /** With its leading slash; '' = the id of the trust domain itself. */
  readonly path: string;
}

/** Which part is wrong. */
export type SpiffeIdProblem = 'scheme' | 'trust-domain' | 'path' | 'length';

export function parseSpiffeId(text: string): Result<SpiffeId, SpiffeIdProblem> {
  if (text.length > MAX_SPIFFE_ID_BYTES) return err('length');
  if (!text.startsWith(SCHEME)) return err('scheme');
  const slash = text.indexOf('/', SCHEME.length);
  const trustDomain = text.slice(SCHEME.length, slash < 0 ? undefined : slash);
  if (!isTrustDomain(trustDomain)) return err('trust-domain');
  const path = slash < 0 ? '' : text.slice(slash);
  if (path === '') return ok({ trustDomain, path });
  return path.slice(1).split('/').every(isSegment) ? ok({ trustDomain, path }) : err('path');
}

export function isTrustDomain(text: string): boolean {
  return text.length <= MAX_TRUST_DOMAIN_BYTES && TRUST_DOMAIN.test(text);
}

/** The id without its scheme, as Istio writes `source.principal`. */
export function principalOf(spiffeId: string): string {
  return spiffeId.slice(SCHEME.length);
}

function isSegment(segment: string): boolean {
  return SEGMENT.test(segment) && segment !== '.' && segment !== '..';
}
