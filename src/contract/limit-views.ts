/** Rate limits as the data plane reads them. A member that says nothing is left out, as in `route-views.ts`. */
import type { RouteEntryView } from './route-entry-views.ts';
import type { ServiceKey } from './view-words.ts';

/** One rule of one policy. A request that matches several needs room in each. */
export interface LimitRuleView {
  /** `<namespace>/<policy>/<local|global>/<index>@<service>`: also names the rule's counters in the store. */
  readonly id: string;
  /** Whose endpoints count together; of a route: the route, as `<kind> <namespace>/<name>`. */
  readonly service: ServiceKey;
  /** local: counted by this sidecar alone. global: by control, for all endpoints of the service. */
  readonly scope: 'local' | 'global';
  /** One of them must match; absent: every request. */
  readonly match?: readonly RouteEntryView[] | undefined;
  /** CIDR of the client's address; absent: any. */
  readonly sources?: string | undefined;
  /** Only these callers (`matchesCaller`); absent: all. */
  readonly callers?: readonly string[] | undefined;
  /** What has a bucket of its own; empty: all share one. */
  readonly by: readonly LimitKeyView[];
  readonly limit: LimitView;
  /** The first that names the caller takes the place of `limit`. */
  readonly overrides?: readonly { readonly callers: readonly string[]; readonly limit: LimitView }[] | undefined;
  /** Counted, but nobody is refused. */
  readonly shadow?: true | undefined;
  /** Header that names the caller where no mTLS identity does, in lower case. */
  readonly callerHeader?: string | undefined;
  /** global: while control cannot be asked. */
  readonly onOutage?: 'allow' | 'deny' | 'share' | undefined;
  /** With onOutage share: hosts that the limit is divided among; 1.. */
  readonly hosts?: number | undefined;
}

export type LimitKeyView =
  | { readonly type: 'caller' }
  | { readonly type: 'address' }
  /** In lower case. */
  | { readonly type: 'header'; readonly name: string };

export interface LimitView {
  readonly requests: number;
  readonly windowMs: number;
  /** Windows begin at full hours, or at midnight (UTC). Absent: with the first request after the last window. */
  readonly calendar?: true | undefined;
}

/** The limits of one port of a workload of this host, for what arrives there. */
export interface InboundLimitsView {
  /** Of the program. */
  readonly port: number;
  readonly rules: readonly LimitRuleView[];
}

/**
 * True when a caller is one of those that a policy names. `td/ns/shop/sa/web` also answers to `shop/web`; a `*` at one end of a
 * name stands for anything.
 */
export function matchesCaller(names: readonly string[], caller: string): boolean {
  const short = /^[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(caller);
  const shortened = short === null ? null : `${short[1]}/${short[2]}`;
  return names.some((name) => isNamed(name, caller) || (shortened !== null && isNamed(name, shortened)));
}

function isNamed(name: string, caller: string): boolean {
  if (name.endsWith('*')) return caller.startsWith(name.slice(0, -1));
  if (name.startsWith('*')) return caller.endsWith(name.slice(1));
  return name === caller;
}

/** The limit of a rule for one caller. */
export function limitFor(rule: Pick<LimitRuleView, 'limit' | 'overrides'>, caller: string): LimitView {
  return rule.overrides?.find(({ callers }) => matchesCaller(callers, caller))?.limit ?? rule.limit;
}
