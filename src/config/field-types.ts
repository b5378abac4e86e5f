/** The small value types that settings are made of: names, ports, port lists, address ranges. Each refuses with one sentence. */
import { isIP, SocketAddress } from 'node:net';
import { z } from '../core/schema.ts';
import type { PortSpan } from './agent-config.ts';

const MAX_LIST = 1000;

/** A DNS label (RFC 1123): it becomes part of NATS subjects, bucket keys and host names. */
export const nameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a name of lower-case letters, digits and "-", such as "shop"');

export const portSchema = z.int().min(1).max(65535);

/** A port, or `off` (null), which YAML 1.1 reads as `false`. */
export const optionalPortSchema = z.union([portSchema, z.string(), z.boolean()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  if (value === 'off' || value === false) return null;
  context.addIssue({ code: 'custom', message: 'must be a port from 1 to 65535, or "off"' });
  return z.NEVER;
});

/** Ends in canonical text, because views compare addresses as text. A zone (`%eth0`) means nothing to another host. */
export const addressSchema = z
  .string()
  .refine((text) => isIP(text) !== 0 && !text.includes('%'), 'must be an IPv4 or IPv6 address, such as 10.0.0.5')
  .transform(canonicalAddress);

/** An address or a range in CIDR notation; a bare address means that address alone. */
const cidrSchema = z.string().refine(isCidr, 'must be an address range such as 10.0.0.0/8 or fd00::/16');
export const cidrListSchema = z.array(cidrSchema).max(MAX_LIST).default([]);

/** A port (`80`) or a range (`"8000-8100"`). */
const portSpanSchema = z.union([portSchema, z.string()]).transform((value, context): PortSpan => {
  const span = parsePortSpan(value);
  if (span !== null) return span;
  context.addIssue({ code: 'custom', message: 'must be a port such as 80 or a range such as "8000-8100"' });
  return z.NEVER;
});
export const portSpanListSchema = z.array(portSpanSchema).max(MAX_LIST);

const allPortsSchema = z
  .string()
  .regex(/^\*$/, 'must be "*" or a list of ports and ranges')
  .transform(() => '*' as const);

/** Which ports to include: all (`"*"`), or a list of ports and ranges. */
export const portSelectionSchema = z.union([allPortsSchema, portSpanListSchema]).default('*');

/** Numeric user or group ids. */
export const idListSchema = z.array(z.int().min(0).max(0xffff_fffe)).max(MAX_LIST).default([]);

/** Interface names; a `+` at the end matches a prefix, as iptables does. IFNAMSIZ is 16 with the final zero byte. */
export const interfaceListSchema = z
  .array(z.string().regex(/^[^\s/:"']{1,15}$/, 'must be an interface name such as eth0 or docker+'))
  .max(MAX_LIST)
  .default([]);

function canonicalAddress(text: string): string {
  const family = isIP(text) === 6 ? 'ipv6' : 'ipv4';
  return isIP(text) === 0 ? text : new SocketAddress({ address: text, family }).address;
}

function isCidr(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  return /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

function parsePortSpan(value: number | string): PortSpan | null {
  if (typeof value === 'number') return { from: value, to: value };
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from >= 1 && from <= to && to <= 65535 ? { from, to } : null;
}

/** `region/zone/subzone`, any of which may be missing at the end. */
export const localitySchema = z
  .string()
  .max(190)
  .regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+){0,2}$/, 'must be region/zone/subzone, or its beginning');
