/** `host[:port]` of a request as text and number. Pure. */
import { parseSockAddr, SockAddr } from '../../reactor/socket-address.ts';

/** The authority names no port. */
export const NO_PORT = -1;

export interface Authority {
  /** In lower case, without brackets, without a dot at the end. */
  readonly host: string;
  /** 0..65535, or NO_PORT. */
  readonly port: number;
}

/** Reads an authority whose syntax the codec has checked (codec/http1/authority.ts). */
export function readAuthority(bytes: Buffer, at: number, length: number): Authority {
  const text = bytes.toString('latin1', at, at + length).toLowerCase();
  const colon = text.indexOf(':', text.startsWith('[') ? text.indexOf(']') : 0);
  const name = colon < 0 ? text : text.slice(0, colon);
  const digits = colon < 0 ? '' : text.slice(colon + 1);
  return { host: bareHost(name), port: digits === '' ? NO_PORT : Number(digits) };
}

function bareHost(name: string): string {
  if (name.startsWith('[')) return name.slice(1, -1);
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** The address that `host` is, with port 0; null when it is a name. IPv4 mapped into IPv6 is the IPv4 address (RFC 4291 2.5.5.2). */
export function hostAddress(host: string): SockAddr | null {
  // Most are names, and told by their first letter.
  if (!/^[0-9]/.test(host) && !host.includes(':')) return null;
  const address = parseSockAddr(host, 0);
  if (address === null || address.family === 4) return address;
  const isMapped = address.a === 0 && address.b === 0 && address.c === 0xffff;
  return isMapped ? new SockAddr(4, 0, address.d, 0, 0, 0, 0) : address;
}

/** A name that a resolver may be asked for (RFC 1123 2.1, and the underscore that is in use). */
export function isHostName(host: string): boolean {
  return /^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?$/.test(host) && !host.includes('..');
}
