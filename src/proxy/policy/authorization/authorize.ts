/**
 * Istio's order: a DENY that matches denies; without any ALLOW all is allowed; an ALLOW that matches allows; what is left is denied. AUDIT
 * and dry-run decide nothing. All answers are made when policies arrive, so that a decision allocates nothing.
 */
import type {
  AuthorizationPolicyView,
  AuthorizationRuleView,
  PolicyUseView,
} from '../../../contract/authorization-views.ts';
import type { Asked } from './asked.ts';
import { type Clause, compileClause, type Width } from './clause.ts';

export interface CompiledRule {
  readonly view: AuthorizationRuleView;
  readonly from: readonly (readonly Clause[])[];
  readonly to: readonly (readonly Clause[])[];
  readonly when: readonly Clause[];
  /** What it means that this rule matches. */
  readonly outcome: Outcome;
}

export interface CompiledPolicy {
  readonly view: AuthorizationPolicyView;
  /** null: on all ports. */
  readonly ports: ReadonlySet<number> | null;
  readonly rules: readonly CompiledRule[];
}

export interface Outcome {
  readonly allowed: boolean;
  /** `<namespace>/<name>`; '' = no policy matched. */
  readonly policy: string;
  /** Its place in the policy; -1 = none matched. */
  readonly rule: number;
}

export interface CompiledAuthorization {
  readonly deny: readonly CompiledPolicy[];
  readonly allow: readonly CompiledPolicy[];
  /** AUDIT and dry-run: counted and logged. */
  readonly noted: readonly CompiledPolicy[];
}

/** No policy has anything against it. */
export const UNCONTROLLED: Outcome = { allowed: true, policy: '', rule: -1 };
/** There are ALLOW policies, and none of them matches. */
export const UNMATCHED: Outcome = { allowed: false, policy: '', rule: -1 };

/** Prepares what a view says of one workload. @param policies of the whole host */
export function compileAuthorization(
  policies: readonly AuthorizationPolicyView[],
  uses: readonly PolicyUseView[],
): CompiledAuthorization {
  const compiled = uses.flatMap(({ policy, ports }) => {
    const view = policies[policy];
    return view === undefined ? [] : [compilePolicy(view, ports === undefined ? null : new Set(ports))];
  });
  const inForce = compiled.filter(({ view }) => !view.dryRun);
  return {
    deny: inForce.filter(({ view }) => view.action === 'DENY'),
    allow: inForce.filter(({ view }) => view.action === 'ALLOW'),
    noted: compiled.filter(({ view }) => view.dryRun || view.action === 'AUDIT'),
  };
}

function compilePolicy(view: AuthorizationPolicyView, ports: ReadonlySet<number> | null): CompiledPolicy {
  const allowed = view.action !== 'DENY';
  const width: Width = view.action === 'ALLOW' ? 'narrow' : 'wide';
  const rules = view.rules.map((rule, i) => compileRule(rule, width, { allowed, policy: view.policy, rule: i }));
  return { view, ports, rules };
}

function compileRule(view: AuthorizationRuleView, width: Width, outcome: Outcome): CompiledRule {
  const clauses = (list: AuthorizationRuleView['when']): Clause[] => list.map((clause) => compileClause(clause, width));
  return { view, from: view.from.map(clauses), to: view.to.map(clauses), when: clauses(view.when), outcome };
}

/** Whether the connection or request may be, and which policy says so. */
export function authorize({ deny, allow }: CompiledAuthorization, asked: Asked): Outcome {
  const denied = deny.length === 0 ? null : firstMatch(deny, asked);
  if (denied !== null) return denied;
  if (allow.length === 0 || !isAnyInForce(allow, asked)) return UNCONTROLLED;
  return firstMatch(allow, asked) ?? UNMATCHED;
}

function isAnyInForce(policies: readonly CompiledPolicy[], asked: Asked): boolean {
  for (let i = 0; i < policies.length; i++) if (isInForce(policies[i] as CompiledPolicy, asked)) return true;
  return false;
}

export function isInForce({ ports }: CompiledPolicy, { destination }: Asked): boolean {
  return ports === null || (destination !== null && ports.has(destination.port));
}

function firstMatch(policies: readonly CompiledPolicy[], asked: Asked): Outcome | null {
  for (let i = 0; i < policies.length; i++) {
    const rule = matchingRule(policies[i] as CompiledPolicy, asked);
    if (rule !== null) return rule.outcome;
  }
  return null;
}

/** The first rule of a policy that matches; null: none does. */
export function matchingRule(policy: CompiledPolicy, asked: Asked): CompiledRule | null {
  if (!isInForce(policy, asked)) return null;
  const { rules } = policy;
  for (let i = 0; i < rules.length; i++)
    if (ruleMatches(rules[i] as CompiledRule, asked)) return rules[i] as CompiledRule;
  return null;
}

function ruleMatches({ from, to, when }: CompiledRule, asked: Asked): boolean {
  return anyHolds(from, asked) && anyHolds(to, asked) && allHold(when, asked);
}

function anyHolds(groups: readonly (readonly Clause[])[], asked: Asked): boolean {
  if (groups.length === 0) return true;
  for (let i = 0; i < groups.length; i++) if (allHold(groups[i] as readonly Clause[], asked)) return true;
  return false;
}

/** True when each clause holds, and when there is none. */
export function allHold(clauses: readonly Clause[], asked: Asked): boolean {
  for (let i = 0; i < clauses.length; i++) if (!(clauses[i] as Clause).holds(asked)) return false;
  return true;
}
