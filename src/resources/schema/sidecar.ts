import { z } from '../../core/schema.ts';
import type { SidecarSpec } from '../registry-types.ts';
import { defined } from './defined.ts';
import { dnsLabel, dnsSubdomain, unsupported } from './fields.ts';

const MAX_LISTENERS = 16;
const MAX_HOSTS = 256;

/** `<namespace>/<name>` as Istio writes it: `.` is the own namespace, `*` every one. */
const visibleHost = z
  .string()
  .max(320)
  .refine(
    (text) => {
      const [namespace = '', host = '', ...more] = text.split('/');
      const isNamespace = namespace === '.' || namespace === '*' || dnsLabel.safeParse(namespace).success;
      const isHost = host === '*' || dnsSubdomain.safeParse(host.replace(/^\*\./, '')).success;
      return isNamespace && isHost && more.length === 0;
    },
    { error: 'must be <namespace>/<name> such as ./*, pay/* or */api.example.com' },
  );

const listener = z.strictObject({
  hosts: z.array(visibleHost).min(1).max(MAX_HOSTS),
  port: unsupported('listeners are not configurable: every connection is captured'),
  bind: unsupported('listeners are not configurable: every connection is captured'),
  captureMode: unsupported('what is captured is said in the agent file'),
});

/** The one of a namespace is called `default`: there is nothing to choose between. */
export const sidecarName = z.literal('default', {
  error: 'must be "default": a namespace has one Sidecar, which is for all of its programs',
});

export const sidecarSpec = z
  .strictObject({
    outboundTrafficPolicy: z
      .strictObject({
        /** Required: left out, it means REGISTRY_ONLY to Istio, although its default is ALLOW_ANY. */
        mode: z.enum(['ALLOW_ANY', 'REGISTRY_ONLY']),
        egressProxy: unsupported('egress goes directly'),
      })
      .optional(),
    egress: z.array(listener).max(MAX_LISTENERS).default([]),
    workloadSelector: unsupported('a Sidecar is for all programs of its namespace'),
    ingress: unsupported('what arrives is passed on to the port that was dialled'),
    inboundConnectionPool: unsupported('limits of the callers are set in a BackendTrafficPolicy'),
  })
  .transform((spec): SidecarSpec => defined(spec));
