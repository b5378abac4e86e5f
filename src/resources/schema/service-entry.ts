import { z } from '../../core/schema.ts';
import { canonicalCidr, canonicalIp, endpointIpProblem, isAllocatable } from '../ip-address.ts';
import type { ServiceEntryEndpoint, ServiceEntryPort, ServiceEntrySpec } from '../registry-types.ts';
import { defined } from './defined.ts';
import { dnsSubdomain, ignored, labels, portName, portNumber, refuseRepeats, unsupported } from './fields.ts';
import { locality, network, weight, workloadPorts } from './workload-fields.ts';

const MAX_HOSTS = 256;
const MAX_ADDRESSES = 256;
/** As many as the views of the mesh take (contract/view-schema.ts): one more, and every agent would refuse the directory. */
const MAX_VIRTUAL_IPS = 16;
const MAX_PORTS = 100;
const MAX_ENDPOINTS = 256;

const PROTOCOLS = ['HTTP', 'HTTPS', 'HTTP2', 'GRPC', 'GRPC-WEB', 'TCP', 'TLS', 'MONGO', 'MYSQL', 'REDIS'] as const;

const host = z
  .string()
  .max(253)
  .transform((text) => text.toLowerCase())
  .superRefine((name, ctx) => {
    if (name === '*') ctx.addIssue({ code: 'custom', message: 'must be narrower than every name' });
    else if (canonicalIp(name) !== null)
      ctx.addIssue({ code: 'custom', message: 'must be a name; addresses belong under addresses' });
    else if (!dnsSubdomain.safeParse(name.replace(/^\*\./, '')).success)
      ctx.addIssue({ code: 'custom', message: 'must be a DNS name such as api.example.com or *.example.com' });
  });

const address = z.string().transform((text, ctx): string => {
  const canonical = text.includes('/') ? canonicalCidr(text) : canonicalIp(text);
  if (canonical !== null) return canonical;
  ctx.addIssue({ code: 'custom', message: `${JSON.stringify(text.slice(0, 60))} is not an address or CIDR` });
  return z.NEVER;
});

const port = z
  .strictObject({
    number: portNumber,
    name: portName,
    protocol: z
      .string()
      .default('TCP')
      .transform((word) => word.toUpperCase())
      .pipe(
        z.enum(PROTOCOLS, {
          error: ({ input }) => (input === 'UDP' ? 'UDP is never captured' : `must be one of ${PROTOCOLS.join(', ')}`),
        }),
      ),
    targetPort: portNumber.optional(),
  })
  .transform(
    ({ number, name, protocol, targetPort = number }): ServiceEntryPort => ({ number, name, protocol, targetPort }),
  );

const ports = z
  .array(port)
  .min(1)
  .max(MAX_PORTS)
  .superRefine((list, ctx) => {
    for (const field of ['number', 'name'] as const) {
      const complain = (i: number, first: number): void =>
        ctx.addIssue({ code: 'custom', message: `ports[${first}] has this ${field} already`, path: [i, field] });
      refuseRepeats(list, (one) => String(one[field]), complain);
    }
  });

const endpoint = z
  .strictObject({
    address: z
      .string()
      .max(253)
      .transform((text) => canonicalIp(text) ?? text.toLowerCase()),
    ports: workloadPorts,
    labels: labels.default({}),
    weight: weight.default(1),
    locality: locality.optional(),
    network,
    serviceAccount: ignored,
  })
  .transform(({ network: _, serviceAccount: __, ...rest }): ServiceEntryEndpoint => defined(rest));

const resolution = z.enum(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS']);

export const serviceEntrySpec = z
  .strictObject({
    hosts: z.array(host).min(1).max(MAX_HOSTS),
    addresses: z.array(address).max(MAX_ADDRESSES).default([]),
    ports,
    location: z.enum(['MESH_EXTERNAL', 'MESH_INTERNAL']).default('MESH_EXTERNAL'),
    resolution: resolution.default('NONE'),
    endpoints: z.array(endpoint).max(MAX_ENDPOINTS).default([]),
    workloadSelector: z
      .strictObject({ labels: labels.refine((l) => Object.keys(l).length > 0, 'needs a label') })
      .optional(),
    exportTo: z
      .array(z.enum(['*', '.'], { error: 'only "*" and "." are supported' }))
      .max(2)
      .default([]),
    subjectAltNames: unsupported('say in a BackendTLSPolicy whose certificates are believed'),
  })
  .superRefine((spec, ctx) => {
    for (const field of ['hosts', 'addresses'] as const) {
      const complain = (i: number, first: number): void =>
        ctx.addIssue({ code: 'custom', message: `repeats ${field}[${first}]`, path: [field, i] });
      refuseRepeats(spec[field], (text) => text, complain);
    }
    for (const [position, i] of spec.addresses.flatMap((address, i) => (isAllocatable(address) ? [i] : [])).entries()) {
      if (position < MAX_VIRTUAL_IPS) continue;
      const message = `at most ${MAX_VIRTUAL_IPS} addresses may be of the ranges that virtual IPs come from; name a range such as 240.240.7.0/24`;
      ctx.addIssue({ code: 'custom', path: ['addresses', i], message });
      break;
    }
    for (const { path, message } of resolutionProblems(spec)) ctx.addIssue({ code: 'custom', path, message });
  })
  .transform((spec): ServiceEntrySpec => {
    const { resolution, ...rest } = spec;
    // Refused above.
    return defined({ ...rest, resolution: resolution === 'DYNAMIC_DNS' ? 'NONE' : resolution });
  });

interface Resolvable {
  readonly resolution: z.output<typeof resolution>;
  readonly hosts: readonly string[];
  readonly endpoints: readonly ServiceEntryEndpoint[];
  readonly workloadSelector?: object | undefined;
}
interface FieldProblem {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** How the endpoints are found, and what that needs. */
function resolutionProblems(spec: Resolvable): FieldProblem[] {
  const { resolution, hosts, endpoints, workloadSelector } = spec;
  const selects = workloadSelector !== undefined;
  if (selects && endpoints.length > 0)
    return [{ path: ['workloadSelector'], message: 'endpoints and workloadSelector exclude each other' }];
  switch (resolution) {
    case 'DYNAMIC_DNS':
      return [
        {
          path: ['resolution'],
          message: 'DYNAMIC_DNS is not supported; NONE keeps the address that the program resolved',
        },
      ];
    case 'NONE':
      return endpoints.length === 0 && !selects
        ? []
        : [
            {
              path: ['resolution'],
              message: 'with NONE connections keep their destination: endpoints need STATIC or DNS',
            },
          ];
    case 'STATIC':
      if (endpoints.length === 0 && !selects)
        return [{ path: ['endpoints'], message: 'STATIC needs endpoints or a workloadSelector' }];
      return endpoints.flatMap(({ address }, i) => addressProblem(address, i));
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      return selects || endpoints.length > 0
        ? endpoints.flatMap(({ address }, i) => nameProblem(address, i))
        : hostProblems(hosts);
  }
}

function addressProblem(address: string, i: number): FieldProblem[] {
  const ip = canonicalIp(address);
  const problem = ip === null ? 'is not an IPv4 or IPv6 address; names need resolution: DNS' : endpointIpProblem(ip);
  return problem === null
    ? []
    : [{ path: ['endpoints', i, 'address'], message: `${JSON.stringify(address.slice(0, 60))} ${problem}` }];
}

function nameProblem(address: string, i: number): FieldProblem[] {
  if (canonicalIp(address) !== null) return addressProblem(address, i);
  if (dnsSubdomain.safeParse(address).success && !/^[0-9.]+$/.test(address)) return [];
  const message = address.startsWith('unix:')
    ? 'Unix socket addresses are not supported'
    : 'must be an address or a DNS name';
  return [{ path: ['endpoints', i, 'address'], message }];
}

function hostProblems(hosts: readonly string[]): FieldProblem[] {
  if (hosts.length > 1)
    return [
      { path: ['hosts', 1], message: 'one name is resolved for all: write an entry for each host, or endpoints' },
    ];
  return hosts[0]?.startsWith('*.') === true
    ? [{ path: ['hosts', 0], message: 'a wildcard cannot be resolved: use resolution: NONE, or write endpoints' }]
    : [];
}
