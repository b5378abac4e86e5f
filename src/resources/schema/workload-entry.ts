import { z } from '../../core/schema.ts';
import { canonicalIp, endpointIpProblem } from '../ip-address.ts';
import type { WorkloadEntrySpec } from '../types.ts';
import { dnsSubdomain, labels, portName, portNumber } from './fields.ts';

const MAX_PORTS = 100;

const address = z.string().transform((text, ctx): string => {
  const ip = canonicalIp(text);
  if (ip === null) ctx.addIssue({ code: 'custom', message: describeBadAddress(text) });
  else if (endpointIpProblem(ip) !== null) ctx.addIssue({ code: 'custom', message: `${ip} ${endpointIpProblem(ip)}` });
  return ip ?? z.NEVER;
});

function describeBadAddress(text: string): string {
  if (text.startsWith('unix:')) return 'Unix socket addresses are not supported; use an IP address';
  if (text === '') return 'must be an IPv4 or IPv6 address';
  return `${JSON.stringify(text.slice(0, 60))} is not an IPv4 or IPv6 address; host names are not supported yet`;
}

export const workloadEntrySpec = z
  .strictObject({
    address,
    ports: z
      .record(z.string(), portNumber)
      .superRefine((ports, ctx) => {
        const names = Object.keys(ports);
        if (names.length > MAX_PORTS) ctx.addIssue({ code: 'custom', message: `must have at most ${MAX_PORTS} ports` });
        for (const name of names) {
          const parsed = portName.safeParse(name);
          if (!parsed.success)
            ctx.addIssue({ code: 'custom', message: `the port name ${parsed.error.issues[0]?.message}`, path: [name] });
        }
      })
      .default({}),
    labels: labels.default({}),
    weight: z
      .int()
      .min(1, { error: 'must be at least 1; delete the entry to take it out of service' })
      .max(65535)
      .default(1),
    locality: z
      .string()
      .max(190)
      .regex(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/, { error: 'must be region/zone/subzone' })
      .optional(),
    serviceAccount: dnsSubdomain.optional(),
    network: z
      .literal('', { error: 'several networks are not supported: every host must reach every other' })
      .optional(),
  })
  .transform(({ address, ports, labels, weight, locality, serviceAccount }): WorkloadEntrySpec => {
    return {
      address,
      ports,
      labels,
      weight,
      ...(locality === undefined ? {} : { locality }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
    };
  });
