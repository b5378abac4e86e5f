/** Where a redirect leads (Gateway API HTTPRequestRedirectFilter, RFC 9110 10.2.2). Always an absolute URI, so no path can be taken for a host. */
import type { RedirectView } from '../../contract/route-views.ts';
import { isAuthority } from '../codec/http1/authority.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { compilePathRewrite, newPath, type PathRewrite, queryOf } from '../codec/rewrite-target.ts';

export interface CompiledRedirect {
  readonly status: number;
  /** '' = as the request came. */
  readonly scheme: '' | 'http' | 'https';
  /** '' = that of the request. */
  readonly hostname: string;
  /** 0 = see `portOf`. */
  readonly port: number;
  /** null = that of the request. */
  readonly path: PathRewrite | null;
}

/** What the request came to: used where neither the redirect nor the request says anything. */
export interface Listener {
  readonly host: string;
  /** That the program dialled. */
  readonly port: number;
}

const WELL_KNOWN = { http: 80, https: 443 } as const;

export function compileRedirect(view: RedirectView): CompiledRedirect {
  return {
    status: view.status,
    scheme: view.scheme ?? '',
    hostname: view.hostname ?? '',
    port: view.port ?? 0,
    path: view.path === undefined ? null : compilePathRewrite(view.path),
  };
}

/** The value of Location. Requests come unencrypted, so that their scheme is http. */
export function locationOf(redirect: CompiledRedirect, listener: Listener, head: MessageHead, bytes: Buffer): string {
  const scheme = redirect.scheme === '' ? 'http' : redirect.scheme;
  const host = redirect.hostname === '' ? hostOf(head, bytes, listener.host) : redirect.hostname;
  const port = portOf(redirect, listener);
  const suffix = port === WELL_KNOWN[scheme] ? '' : `:${port}`;
  // `*` of OPTIONS is no path.
  return `${scheme}://${host}${suffix}${newPath(bytes, head, redirect.path)}${queryOf(bytes, head)}`;
}

/** Its own port; else the one that its scheme has; else the one that was dialled. */
function portOf({ port, scheme }: CompiledRedirect, listener: Listener): number {
  if (port > 0) return port;
  return scheme === '' ? listener.port : WELL_KNOWN[scheme];
}

/** Of the authority, without its port. */
function hostOf(head: MessageHead, bytes: Buffer, otherwise: string): string {
  const { authorityAt: at, authorityLength: length } = head;
  if (length === 0 || !isAuthority(bytes, at, length, false)) return otherwise;
  return bytes.toString('latin1', at, at + length).replace(/:\d*$/, '');
}
