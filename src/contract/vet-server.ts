/** Which NATS servers may be used: decided before anything is sent to one. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** What is known of a server once it has greeted, and TLS, if any, is up. */
export interface ServerFacts {
  /** The peer's address as the socket has it. */
  readonly address: string;
  readonly encrypted: boolean;
  /** It asks clients who they are. */
  readonly authenticates: boolean;
}

/** `open`: whoever reaches the server may do everything. */
export type Protection = 'secured' | 'unencrypted' | 'open';

export function protectionOf({ encrypted, authenticates }: ServerFacts): Protection {
  if (!authenticates) return 'open';
  return encrypted ? 'secured' : 'unencrypted';
}

/** IPv4 and IPv6, also IPv4 in IPv6. */
export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

/**
 * Why a server must not be used; null when it may be. An open mesh is for one machine: off loopback it has to be allowed.
 * @param mustEncrypt a CA or a `tls://` address was given: then a server that offers no TLS is an impostor.
 */
export function objectionTo(facts: ServerFacts, mustEncrypt: boolean, allowOpen: boolean): string | null {
  if (mustEncrypt && !facts.encrypted)
    return `the NATS server at ${facts.address} offers no TLS, and these settings ask for it`;
  if (allowOpen || isLoopback(facts.address)) return null;
  switch (protectionOf(facts)) {
    case 'secured':
      return null;
    case 'unencrypted':
      return `the NATS server at ${facts.address} is not encrypted, and it is not on this host: ${REMEDY}`;
    case 'open':
      return `the NATS server at ${facts.address} asks nobody who he is, and it is not on this host: ${REMEDY}`;
  }
}

const REMEDY =
  'secure the mesh with "towpath control init", or, in a network that only you can reach, allow it (nats.allowOpen: true in the agent file, TOWPATH_NATS_ALLOW_OPEN=true for commands and control)';

/** `tls://user:word@[::1]:4222` -> `::1`. */
export function hostOfServer(server: string): string {
  const rest = server.replace(/^[a-z]+:\/\//, '').replace(/^.*@/, '');
  return /^\[([^\]]+)\]/.exec(rest)?.[1] ?? rest.replace(/:\d+$/, '');
}

/** The client compares a certificate with `localhost` when it dials an address: here it must name one of the servers that were asked for. */
export function identityCheck(
  servers: readonly string[],
): (host: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map(hostOfServer);
  return (_, certificate) => {
    const errors = hosts.map((host) => checkServerIdentity(host, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
}

export function asksForTls(servers: readonly string[]): boolean {
  return servers.some((server) => server.startsWith('tls://'));
}
