/**
 * Session persistence (GEP-1619): a token in a cookie or header leads back to the endpoint that answered first. Tokens are hashes of
 * cluster and address: every agent knows them without being told, and nobody reads an address out of them.
 */
import { createHash } from 'node:crypto';
import type { SessionPersistenceView } from '../../contract/route-views.ts';
import { findCookie } from '../codec/find-cookie.ts';
import { findField } from '../codec/find-field.ts';
import { constantBytes, type Element } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { OwnField } from '../codec/own-lines.ts';
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import { isFieldName, makeSetCookie } from './set-cookie.ts';

export interface Held {
  readonly cluster: Cluster;
  readonly endpoint: Endpoint;
}

/** 132 bits, in base64url. */
const TOKEN_LENGTH = 22;
const MAX_VALUE = 64;
const found: Element = { at: 0, length: 0 };

export class SessionTable {
  readonly clusters: readonly Cluster[];
  readonly #view: SessionPersistenceView;
  readonly #lowerName: string;
  readonly #name: Uint8Array;
  /** Made for the first request that brings a token. */
  #held: ReadonlyMap<string, Held> | null = null;

  /** @param clusters those between which the rule chooses */
  constructor(view: SessionPersistenceView, clusters: readonly Cluster[]) {
    this.#view = view;
    this.clusters = clusters;
    this.#lowerName = view.name.toLowerCase();
    this.#name = constantBytes(view.name);
  }

  /** What the request's token leads to; null: it has none, or none that is good. @param wallMs time of day */
  find(head: MessageHead, bytes: Buffer, wallMs: number): Held | null {
    if (!this.#findValue(head, bytes) || found.length > MAX_VALUE) return null;
    const value = bytes.toString('latin1', found.at, found.at + found.length);
    this.#held ??= indexOf(this.clusters);
    const held = this.#held.get(value.slice(0, TOKEN_LENGTH)) ?? null;
    if (held === null || !held.cluster.isUsable(held.endpoint)) return null;
    return this.#isCurrent(value.slice(TOKEN_LENGTH), wallMs) ? held : null;
  }

  #findValue(head: MessageHead, bytes: Buffer): boolean {
    if (this.#view.type === 'Cookie') return findCookie(bytes, head, this.#name, found);
    const field = findField(bytes, head, this.#lowerName);
    if (field < 0) return false;
    found.at = head.valueAt[field];
    found.length = head.valueLength[field];
    return true;
  }

  /** `.<seconds in base 36>` of its beginning, where sessions end by the clock. */
  #isCurrent(stamp: string, wallMs: number): boolean {
    const { absoluteTimeoutMs } = this.#view;
    if (absoluteTimeoutMs === undefined) return stamp === '';
    if (!/^\.[0-9a-z]{1,9}$/.test(stamp)) return false;
    const age = wallMs - Number.parseInt(stamp.slice(1), 36) * 1000;
    // Clocks of hosts differ a little; none is hours ahead.
    return age < absoluteTimeoutMs && age > -absoluteTimeoutMs;
  }

  /** What tells a client of a new session at that endpoint. */
  fieldFor(cluster: Cluster, endpoint: Endpoint, wallMs: number): OwnField {
    const { type, name, path = '/', absoluteTimeoutMs, permanent = false } = this.#view;
    const stamp = absoluteTimeoutMs === undefined ? '' : `.${Math.floor(wallMs / 1000).toString(36)}`;
    const value = tokenOf(cluster.key, endpoint) + stamp;
    if (type === 'Header') return { name: this.#lowerName, value, replaces: true };
    return makeSetCookie(name, value, path, permanent && absoluteTimeoutMs !== undefined ? absoluteTimeoutMs : 0);
  }
}

/** The tables of a rule: its own, or else those of the Services that it chooses between. */
export function sessionsOf(
  own: SessionPersistenceView | undefined,
  clusters: readonly (Cluster | null)[],
): readonly SessionTable[] {
  const known = [...new Set(clusters.filter((cluster) => cluster !== null))];
  if (own !== undefined) return isFieldName(own.name) ? [new SessionTable(own, known)] : [];
  return known.flatMap((cluster) => {
    const view = cluster.settings.sessionPersistence;
    return view === undefined || !isFieldName(view.name) ? [] : [new SessionTable(view, [cluster])];
  });
}

function indexOf(clusters: readonly Cluster[]): Map<string, Held> {
  const held = new Map<string, Held>();
  for (const cluster of clusters) {
    for (const { endpoint } of cluster.endpoints) held.set(tokenOf(cluster.key, endpoint), { cluster, endpoint });
  }
  return held;
}

/** The same in every agent. */
function tokenOf(cluster: string, { text }: Endpoint): string {
  return createHash('sha256').update(`towpath session\n${cluster}\n${text}`).digest('base64url').slice(0, TOKEN_LENGTH);
}
