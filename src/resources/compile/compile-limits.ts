import type { LimitKeyView, LimitRuleView, LimitView } from '../../contract/limit-views.ts';
import type { RouteEntryView } from '../../contract/views.ts';
import { parseDuration } from '../parse-duration.ts';
import type {
  ClientSelector,
  GlobalRateLimitRule,
  RateLimitRule,
  RateLimitSpec,
  RateLimitValue,
} from '../rate-limit-types.ts';

const UNIT_MS = { Second: 1_000, Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 } as const;

export interface LimitOwner {
  /** `<namespace>/<name>` of the policy. */
  readonly policy: string;
  /** Whose requests are counted, see LimitRuleView. */
  readonly service: string;
  /** Hosts among which a global limit is divided while nobody can be asked. */
  readonly hosts: number;
}

/** The rules of a policy, local ones first: they cost nothing to ask. */
export function compileLimits(spec: RateLimitSpec | undefined, owner: LimitOwner): LimitRuleView[] {
  const local = (spec?.local?.rules ?? []).map((rule, i) => compileRule(rule, 'local', i, owner));
  const global = (spec?.global?.rules ?? []).map((rule, i) => ({
    ...compileRule(rule, 'global', i, owner),
    ...compileOutage(rule, owner),
  }));
  return [...local, ...global];
}

function compileRule(
  rule: RateLimitRule,
  scope: 'local' | 'global',
  index: number,
  { policy, service }: LimitOwner,
): LimitRuleView {
  const { clientSelectors: selectors, overrides, shadowMode } = rule;
  const match = compileMatch(selectors);
  const caller = selectors.find((one) => one.caller !== undefined)?.caller;
  const sources = selectors.find((one) => one.sourceCIDR !== undefined)?.sourceCIDR;
  return {
    id: `${policy}/${scope}/${index}@${service}`,
    service,
    scope,
    ...(match === null ? {} : { match }),
    ...(sources === undefined || isEverywhere(sources.value) ? {} : { sources: sources.value }),
    ...(caller?.values === undefined ? {} : { callers: caller.values }),
    by: compileKeys(selectors),
    limit: compileLimit(rule.limit),
    ...(overrides.length === 0
      ? {}
      : { overrides: overrides.map(({ callers, limit }) => ({ callers, limit: compileLimit(limit) })) }),
    ...(shadowMode ? { shadow: true as const } : {}),
    ...(caller?.header === undefined ? {} : { callerHeader: caller.header.toLowerCase() }),
  };
}

function compileOutage({ onOutage }: GlobalRateLimitRule, { hosts }: LimitOwner): Partial<LimitRuleView> {
  return { onOutage, ...(onOutage === 'share' ? { hosts: Math.max(1, hosts) } : {}) };
}

function isEverywhere(cidr: string): boolean {
  return cidr.endsWith('/0');
}

function compileLimit({ requests, unit, window }: RateLimitValue): LimitView {
  const windowMs = unit === undefined ? (parseDuration(window ?? '') ?? 1_000) : UNIT_MS[unit];
  return { requests, windowMs, ...(unit === 'Hour' || unit === 'Day' ? { calendar: true as const } : {}) };
}

/** What a request must be, in the words of routes: one entry for each method. null: nothing is asked of it. */
function compileMatch(selectors: readonly ClientSelector[]): RouteEntryView[] | null {
  const path = selectors.find((one) => one.path !== undefined)?.path ?? null;
  const methods = selectors.flatMap((one) => one.methods ?? []);
  const all = selectors.flatMap((one) => one.headers ?? []);
  const headers = all.flatMap((one) => {
    if (one.type === 'Distinct') return [];
    const name = one.name.toLowerCase();
    return one.type === 'Exact' ? [{ name, value: one.value }] : [{ name, value: one.value, type: one.type }];
  });
  if (path === null && methods.length === 0 && headers.length === 0) return null;
  const entry = { path, method: null, headers, query: [], action: 0 };
  return methods.length === 0 ? [entry] : methods.map(({ value }) => ({ ...entry, method: value }));
}

function compileKeys(selectors: readonly ClientSelector[]): LimitKeyView[] {
  return selectors.flatMap(({ headers = [], sourceCIDR, caller }) => [
    ...(caller?.type === 'Distinct' ? [{ type: 'caller' as const }] : []),
    ...(sourceCIDR?.type === 'Distinct' ? [{ type: 'address' as const }] : []),
    ...headers.flatMap((one) =>
      one.type === 'Distinct' ? [{ type: 'header' as const, name: one.name.toLowerCase() }] : [],
    ),
  ]);
}
