/** Rules of rate limits, prepared once for each view, and whom they count a request under. */
import { type LimitRuleView, type LimitView, limitFor } from '../../contract/limit-views.ts';
import { parseSockAddr, type SockAddr } from '../../reactor/socket-address.ts';
import { findField } from '../codec/find-field.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { type CompiledRouting, compileRouting, matchRoute } from '../policy/match-route.ts';

/** Limits of callers that are remembered, where a rule has overrides. */
const MAX_KNOWN_LIMITS = 1024;
/** Longer texts are told apart by what they come to. */
const MAX_TEXT = 128;
const PLAIN = /^[\x20-\x7e]*$/;

export interface CompiledLimit {
  readonly view: LimitRuleView;
  /** null: every request. */
  readonly routing: CompiledRouting | null;
  /** null: every address. */
  readonly sources: ((client: SockAddr) => boolean) | null;
  /** Whom it counts depends on the caller. */
  readonly needsCaller: boolean;
  /** Name of the policy, as in counters. */
  readonly policy: string;
  readonly known: Map<string, LimitView>;
}

/** Who sends a request, as far as it is known. `key` names it with the way in which it is known. */
export interface Caller {
  readonly name: string;
  readonly key: string;
}

export interface LimitedRequest {
  readonly client: SockAddr | null;
  readonly peerPrincipal: string | null;
  readonly head: MessageHead;
  readonly bytes: Buffer;
}

const NOBODY: Caller = { name: '', key: '' };

export function compileLimit(view: LimitRuleView): CompiledLimit {
  const { match, sources, callers, by, overrides, id } = view;
  return {
    view,
    routing: match === undefined ? null : compileRouting({ entries: match, actions: [] }),
    sources: sources === undefined ? null : rangeOf(sources),
    needsCaller: callers !== undefined || overrides !== undefined || by.some(({ type }) => type === 'caller'),
    policy: id.slice(0, id.indexOf('@')),
    known: new Map(),
  };
}

/** Everything but the caller. */
export function appliesTo({ routing, sources }: CompiledLimit, { client, head, bytes }: LimitedRequest): boolean {
  if (sources !== null && (client === null || !sources(client))) return false;
  return routing === null || matchRoute(routing, head, bytes) >= 0;
}

/** The proved identity, or else what the rule's header says, or else the address. */
export function callerOf({ view, needsCaller }: CompiledLimit, request: LimitedRequest): Caller {
  if (!needsCaller) return NOBODY;
  const { client, peerPrincipal } = request;
  if (peerPrincipal !== null) return { name: peerPrincipal, key: `mtls:${peerPrincipal}` };
  const named = view.callerHeader === undefined ? '' : headerText(request, view.callerHeader);
  if (named !== '') return { name: named, key: `header:${named}` };
  const ip = client?.ip ?? '';
  return { name: ip, key: `address:${ip}` };
}

/** What has its own bucket under the rule: the caller, and what else it tells apart. */
export function bucketKey({ view }: CompiledLimit, caller: Caller, request: LimitedRequest): string {
  let key = '';
  for (const one of view.by) {
    if (one.type === 'caller') key += key === '' ? caller.key : ` ${caller.key}`;
    else {
      const text =
        one.type === 'address' ? `source=${request.client?.ip ?? ''}` : `${one.name}=${headerText(request, one.name)}`;
      key += key === '' ? text : ` ${text}`;
    }
    if (key.length > 1000) return clip(key);
  }
  return key;
}

/** The limit for a caller. */
export function limitOf({ view, known }: CompiledLimit, caller: Caller): LimitView {
  if (view.overrides === undefined) return view.limit;
  let limit = known.get(caller.name);
  if (limit === undefined) {
    limit = limitFor(view, caller.name);
    if (known.size >= MAX_KNOWN_LIMITS) known.clear();
    known.set(caller.name, limit);
  }
  return limit;
}

/** '' = it is not there. */
function headerText({ head, bytes }: LimitedRequest, name: string): string {
  const found = findField(bytes, head, name);
  if (found < 0) return '';
  const at = head.valueAt[found] as number;
  return clip(bytes.toString('latin1', at, at + (head.valueLength[found] as number)));
}

/** Short and printable; two texts that differ stay different but for a chance of one in 2^52. */
function clip(text: string): string {
  if (text.length <= MAX_TEXT && PLAIN.test(text)) return text;
  let [a, b] = [0x811c_9dc5, 0x1000_0193];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x0100_0193);
    b = Math.imul(b ^ (unit + i), 0x85eb_ca6b);
  }
  const head = text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
  return `${head}#${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
}

function rangeOf(cidr: string): (client: SockAddr) => boolean {
  const [ip = '', length = ''] = cidr.split('/');
  const first = parseSockAddr(ip, 0);
  const prefix = Number(length);
  if (first === null) return () => false;
  const masks = [0, 32, 64, 96].map((from) => {
    const bits = Math.min(32, Math.max(0, prefix - from));
    return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
  });
  const same = (a: number, b: number, i: number): boolean => ((a ^ b) & (masks[i] ?? 0)) === 0;
  return (client) =>
    client.family === first.family &&
    same(client.a, first.a, 0) &&
    same(client.b, first.b, 1) &&
    same(client.c, first.c, 2) &&
    same(client.d, first.d, 3);
}
