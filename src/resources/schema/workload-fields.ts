/** Fields that WorkloadEntry, WorkloadGroup and the endpoints of a ServiceEntry have in common. */
import { z } from '../../core/schema.ts';
import { canonicalIp, endpointIpProblem } from '../ip-address.ts';
import { portName, portNumber } from './fields.ts';

const MAX_PORTS = 100;

/** Port name to number. */
export const workloadPorts = z
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
  .default({});

export const weight = z
  .int()
  .min(1, { error: 'must be at least 1; delete the entry to take it out of service' })
  .max(65535);

/** `region/zone/subzone`, any of which may be missing at the end. */
export const locality = z
  .string()
  .max(190)
  .regex(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/, { error: 'must be region/zone/subzone' });

export const network = z
  .literal('', { error: 'several networks are not supported: every host must reach every other' })
  .optional();

/** Canonical text of an address that one program on one host can have. */
export const endpointAddress = z.string().transform((text, ctx): string => {
  const ip = canonicalIp(text);
  if (ip === null) ctx.addIssue({ code: 'custom', message: describeBadAddress(text) });
  else if (endpointIpProblem(ip) !== null) ctx.addIssue({ code: 'custom', message: `${ip} ${endpointIpProblem(ip)}` });
  return ip ?? z.NEVER;
});

function describeBadAddress(text: string): string {
  if (text.startsWith('unix:')) return 'Unix socket addresses are not supported; use an IP address';
  if (text === '') return 'must be an IPv4 or IPv6 address';
  return `${JSON.stringify(text.slice(0, 60))} is not an IPv4 or IPv6 address; names belong into a ServiceEntry with resolution: DNS`;
}
