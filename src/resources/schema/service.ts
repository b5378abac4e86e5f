import { z } from '../../core/schema.ts';
import { canonicalIp, compareIps, virtualIpProblem } from '../ip-address.ts';
import type { ServicePort, ServiceSpec } from '../types.ts';
import { labels, onlyDefault, portName, portNumber, refuseRepeats, unsupported } from './fields.ts';

const MAX_PORTS = 100;

const servicePort = z
  .strictObject({
    name: portName.optional(),
    port: portNumber,
    targetPort: z.union([portNumber, portName]).optional(),
    appProtocol: z
      .string()
      .min(1)
      .max(253)
      .regex(/^(?:[a-z0-9.-]+\/)?[A-Za-z0-9._-]+$/, {
        error: 'must be a protocol name such as http or kubernetes.io/h2c',
      })
      .optional(),
    protocol: z.literal('TCP', { error: 'only "TCP" is supported; UDP is never captured' }).optional(),
    nodePort: unsupported('node ports do not exist here; dial the virtual IP from any host of the mesh'),
  })
  .transform(({ name = '', port, targetPort = port, appProtocol }): ServicePort => {
    return { name, port, targetPort, ...(appProtocol === undefined ? {} : { appProtocol }) };
  });

const servicePorts = z
  .array(z.preprocess(dropEmptyName, servicePort))
  .min(1)
  .max(MAX_PORTS)
  .superRefine((ports, ctx) => {
    const complain = (index: number, field: string, message: string): void => {
      ctx.addIssue({ code: 'custom', message, path: [index, field] });
    };
    refuseRepeats(
      ports,
      (p) => String(p.port),
      (i, first) => complain(i, 'port', `ports[${first}] has this port already`),
    );
    if (ports.length === 1) return;
    for (const [i, port] of ports.entries()) {
      if (port.name === '') complain(i, 'name', 'a Service with several ports must name each of them');
    }
    const named = ports.map((p, i) => (p.name === '' ? `#${i}` : p.name));
    refuseRepeats(
      named,
      (name) => name,
      (i, first) => complain(i, 'name', `ports[${first}] has this name already`),
    );
  });

/** The empty name is how a decoded Service spells an unnamed port. */
function dropEmptyName(port: unknown): unknown {
  if (typeof port !== 'object' || port === null || !('name' in port) || port.name !== '') return port;
  const { name: _, ...rest } = port;
  return rest;
}

const virtualIp = z.string().transform(canonicalVirtualIp);

/** The empty string, Kubernetes' way of leaving the choice to the cluster, stays as it is. */
const optionalVirtualIp = z.string().transform((text, ctx) => (text === '' ? '' : canonicalVirtualIp(text, ctx)));

function canonicalVirtualIp(text: string, ctx: z.core.$RefinementCtx<string>): string {
  const ip = canonicalIp(text);
  const problem = ip === null ? 'is not an IPv4 or IPv6 address' : virtualIpProblem(ip);
  if (problem === null && ip !== null) return ip;
  const message =
    text === 'None'
      ? 'headless Services are not supported yet; remove this field'
      : `${JSON.stringify(text.slice(0, 60))} ${problem}`;
  ctx.addIssue({ code: 'custom', message });
  return z.NEVER;
}

export const serviceSpec = z
  .strictObject({
    selector: labels.default({}),
    ports: servicePorts,
    clusterIP: optionalVirtualIp.optional(),
    clusterIPs: z.array(virtualIp).max(2).default([]),
    type: z
      .literal('ClusterIP', {
        error: 'only "ClusterIP" is supported: a Service is reachable from the hosts of the mesh',
      })
      .optional(),
    ipFamilies: z
      .array(z.enum(['IPv4', 'IPv6']))
      .max(2)
      .optional(),
    ipFamilyPolicy: z.enum(['SingleStack', 'PreferDualStack', 'RequireDualStack']).optional(),
    sessionAffinity: onlyDefault('None'),
    sessionAffinityConfig: unsupported('session affinity is not supported yet'),
    internalTrafficPolicy: onlyDefault('Cluster'),
    publishNotReadyAddresses: onlyDefault(false),
    externalName: unsupported('ExternalName Services are not supported yet'),
    externalIPs: unsupported('external addresses are not supported; list the address under clusterIPs'),
    externalTrafficPolicy: unsupported('traffic from outside the mesh is not balanced'),
    healthCheckNodePort: unsupported('node ports do not exist here'),
    loadBalancerIP: unsupported('load balancers outside the mesh are not supported'),
    loadBalancerClass: unsupported('load balancers outside the mesh are not supported'),
    loadBalancerSourceRanges: unsupported('load balancers outside the mesh are not supported'),
    allocateLoadBalancerNodePorts: unsupported('load balancers outside the mesh are not supported'),
    trafficDistribution: unsupported('preferring near endpoints is not supported yet'),
  })
  .superRefine((spec, ctx) => {
    const { clusterIP, clusterIPs } = spec;
    if (clusterIP !== undefined && clusterIP !== '' && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
      ctx.addIssue({ code: 'custom', message: 'must be the first entry of clusterIPs', path: ['clusterIP'] });
    }
    const [first, second] = clusterIPs;
    if (first !== undefined && second !== undefined && first.includes(':') === second.includes(':')) {
      ctx.addIssue({ code: 'custom', message: 'must be one IPv4 and one IPv6 address', path: ['clusterIPs', 1] });
    }
  })
  .transform(({ selector, ports, clusterIP, clusterIPs }): ServiceSpec => {
    const single = clusterIP === undefined || clusterIP === '' ? [] : [clusterIP];
    return { selector, ports, clusterIPs: (clusterIPs.length > 0 ? [...clusterIPs] : single).sort(compareIps) };
  });
