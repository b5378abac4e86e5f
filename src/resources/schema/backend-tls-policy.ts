import { z } from '../../core/schema.ts';
import type { FrontendTarget } from '../policy-types.ts';
import type { BackendTLSPolicySpec, SubjectAltName } from '../types.ts';
import { defined } from './defined.ts';
import { dnsLabel, dnsSubdomain, portName, preciseHostname, targetRefList, unsupported } from './fields.ts';

/** As the Gateway API limits them. */
const MAX_TARGETS = 16;
const MAX_CA_REFS = 8;
const MAX_NAMES = 5;
const MAX_URI = 253;

const onlyServices =
  'only Services (group: "", kind: Service) and ServiceEntries (group: networking.istio.io) can be targeted';

const targetRef = z
  .strictObject({
    group: z.enum(['', 'networking.istio.io'], { error: onlyServices }),
    kind: z.enum(['Service', 'ServiceEntry'], { error: onlyServices }),
    name: dnsLabel,
    sectionName: portName.optional(),
    namespace: unsupported('a policy applies to Services of its own namespace'),
  })
  .transform(({ group, kind, name, sectionName }, ctx): FrontendTarget => {
    const rest = { name, ...defined({ sectionName }) };
    if (group === '' && kind === 'Service') return { group, kind, ...rest };
    if (group === 'networking.istio.io' && kind === 'ServiceEntry') return { group, kind, ...rest };
    ctx.addIssue({ code: 'custom', message: onlyServices, path: ['kind'] });
    return z.NEVER;
  });

const onlyConfigMaps = 'only ConfigMaps with ca.crt are supported: write group: "" and kind: ConfigMap';

const caCertificateRef = z.strictObject({
  group: z.literal('', { error: onlyConfigMaps }),
  kind: z.literal('ConfigMap', { error: onlyConfigMaps }),
  name: dnsSubdomain,
  namespace: unsupported('certificates come from the namespace of the policy'),
});

/** A URI with scheme and authority, such as a SPIFFE id. */
const absoluteUri = z
  .string()
  .min(1)
  .max(MAX_URI)
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#]+[!-~]*$/, {
    error: 'must be an absolute URI such as spiffe://mesh/ns/shop/sa/orders',
  });

const hostnameOrWildcard = z
  .string()
  .max(253)
  .refine((name) => dnsSubdomain.safeParse(name.replace(/^\*\./, '')).success, { error: 'must be a DNS name' })
  .refine((name) => !name.startsWith('*.'), {
    error: 'wildcards are not supported here: name the host that the certificate must be valid for',
  });

const subjectAltName = z
  .strictObject({
    type: z.enum(['Hostname', 'URI']),
    hostname: hostnameOrWildcard.optional(),
    uri: absoluteUri.optional(),
  })
  .transform((name, ctx): SubjectAltName => {
    const { type, hostname, uri } = name;
    if (type === 'Hostname' && hostname !== undefined && uri === undefined) return { type, hostname };
    if (type === 'URI' && uri !== undefined && hostname === undefined) return { type, uri };
    const field = type === 'Hostname' ? 'hostname' : 'uri';
    ctx.addIssue({ code: 'custom', message: `type ${type} goes with ${field}, and with nothing else`, path: [field] });
    return z.NEVER;
  });

const validation = z
  .strictObject({
    caCertificateRefs: z.array(caCertificateRef).max(MAX_CA_REFS).default([]),
    wellKnownCACertificates: z
      .literal('System', { error: 'only System is supported' })
      .or(z.literal('').transform(() => undefined))
      .optional(),
    hostname: preciseHostname,
    subjectAltNames: z.array(subjectAltName).max(MAX_NAMES).default([]),
  })
  .superRefine((value, ctx) => {
    const named = value.caCertificateRefs.length > 0;
    const system = value.wellKnownCACertificates !== undefined;
    if (named === system) {
      const message = named
        ? 'caCertificateRefs and wellKnownCACertificates exclude each other'
        : 'say whom to trust: caCertificateRefs, or wellKnownCACertificates: System';
      ctx.addIssue({ code: 'custom', message });
    }
  });

export const backendTLSPolicySpec = z
  .strictObject({
    targetRefs: targetRefList(
      targetRef,
      MAX_TARGETS,
      ({ kind, name, sectionName }) => `${kind} ${name} ${sectionName ?? ''}`,
    ),
    validation,
    options: unsupported('no options are known'),
    targetRef: unsupported('write targetRefs, a list'),
  })
  .transform(({ targetRefs, validation: v }): BackendTLSPolicySpec => {
    return {
      targetRefs,
      validation: {
        caCertificateRefs: v.caCertificateRefs.map(({ group, kind, name }) => ({ group, kind, name })),
        ...(v.wellKnownCACertificates === undefined ? {} : { wellKnownCACertificates: v.wellKnownCACertificates }),
        hostname: v.hostname,
        subjectAltNames: v.subjectAltNames,
      },
    };
  });
