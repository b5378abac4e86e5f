import { createHash } from 'node:crypto';
import type { SessionPersistenceView } from '../../contract/route-views.ts';
import { parseDuration } from '../parse-duration.ts';
import type { SessionPersistenceSpec } from '../policy-types.ts';

/**
 * GEP-1619 as the data plane reads it.
 * @param owner what the sessions are for, such as `shop/orders:80`: a cookie without a name gets one made from it.
 */
export function compileSession(spec: SessionPersistenceSpec, owner: string): SessionPersistenceView {
  const { absoluteTimeout } = spec;
  const timeout = absoluteTimeout === undefined ? null : parseDuration(absoluteTimeout);
  const limited = timeout === null ? {} : { absoluteTimeoutMs: timeout };
  if (spec.type === 'Header') return { type: 'Header', name: spec.header.name.toLowerCase(), ...limited };
  const { name = generatedName(owner), path, lifetimeType } = spec.cookie;
  return {
    type: 'Cookie',
    name,
    ...limited,
    ...(lifetimeType === 'Permanent' ? { permanent: true } : {}),
    ...(path === '/' ? {} : { path }),
  };
}

function generatedName(owner: string): string {
  return `towpath-${createHash('sha256').update(owner).digest('hex').slice(0, 8)}`;
}
