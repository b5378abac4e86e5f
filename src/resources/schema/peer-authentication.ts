import { z } from '../../core/schema.ts';
import type { PeerAuthenticationSpec } from '../security-types.ts';
import { defined } from './defined.ts';
import { labels } from './fields.ts';

const MAX_PORTS = 100;

const mtls = z.strictObject({ mode: z.enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']).default('UNSET') });

const portLevelMtls = z.record(z.string(), mtls).superRefine((ports, ctx) => {
  const numbers = Object.keys(ports);
  if (numbers.length === 0) ctx.addIssue({ code: 'custom', message: 'must have at least one port' });
  if (numbers.length > MAX_PORTS) ctx.addIssue({ code: 'custom', message: `must have at most ${MAX_PORTS} ports` });
  for (const text of numbers) {
    if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535) continue;
    const message = 'must be the number of a port of the workload, from 1 to 65535';
    ctx.addIssue({ code: 'custom', message, path: [text] });
  }
});

/** As Istio admits them: levels of ports need a workload whose ports they are. */
export const peerAuthenticationSpec = z
  .strictObject({
    selector: z.strictObject({ matchLabels: labels.default({}) }).optional(),
    mtls: mtls.optional(),
    portLevelMtls: portLevelMtls.optional(),
  })
  .superRefine(({ selector, portLevelMtls }, ctx) => {
    const isWorkload = Object.keys(selector?.matchLabels ?? {}).length > 0;
    if (portLevelMtls === undefined || isWorkload) return;
    const message = 'needs a selector: ports are those of a workload';
    ctx.addIssue({ code: 'custom', message, path: ['portLevelMtls'] });
  })
  .transform((spec): PeerAuthenticationSpec => defined(spec));
