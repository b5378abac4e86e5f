/** In words, for the log and `towpath explain`: which clause keeps a rule from matching, and which rule came nearest. Cold. */
import type { ClauseView } from '../../../contract/authorization-views.ts';
import type { Asked } from './asked.ts';
import { allHold, type CompiledAuthorization, type CompiledPolicy, type CompiledRule, isInForce } from './authorize.ts';
import type { Clause } from './clause.ts';

const MAX_VALUES = 4;

export interface NearestRule {
  /** `<namespace>/<name>`. */
  readonly policy: string;
  /** -1: the policy has no rules. */
  readonly rule: number;
  /** What the rule wants and is not so, as `to[0]: request.path is none of /api/*`. */
  readonly failed: string;
}

/** Of the ALLOW policies, the rule of which most clauses hold; null: there is none. */
export function nearestRule({ allow }: CompiledAuthorization, asked: Asked): NearestRule | null {
  let nearest: NearestRule | null = null;
  let most = -1;
  for (const policy of allow) {
    if (!isInForce(policy, asked)) continue;
    for (const told of tellPolicy(policy, asked)) {
      if (told.held <= most) continue;
      most = told.held;
      nearest = { policy: policy.view.policy, rule: told.rule, failed: told.failed };
    }
  }
  return nearest;
}

/** Each rule of a policy, with what fails of it ('' = it matches), and how many clauses hold. */
export function tellPolicy(
  { rules }: CompiledPolicy,
  asked: Asked,
): { readonly rule: number; readonly failed: string; readonly held: number }[] {
  if (rules.length === 0) return [{ rule: -1, failed: 'the policy has no rules: it matches nothing', held: 0 }];
  return rules.map((rule, i) => ({ rule: i, ...tellRule(rule, asked) }));
}

function tellRule({ from, to, when }: CompiledRule, asked: Asked): { readonly failed: string; readonly held: number } {
  const parts = [tellGroups('from', from, asked), tellGroups('to', to, asked), tellClauses('when', when, asked)];
  const failed = parts.find((part) => part.failed !== '')?.failed ?? '';
  return { failed, held: parts.reduce((sum, part) => sum + part.held, 0) };
}

type Told = { readonly failed: string; readonly held: number };

/** Of several sources or operations the one that comes nearest. */
function tellGroups(name: string, groups: readonly (readonly Clause[])[], asked: Asked): Told {
  let best: Told = { failed: '', held: 0 };
  for (const [i, group] of groups.entries()) {
    const told = tellClauses(`${name}[${i}]`, group, asked);
    if (allHold(group, asked)) return told;
    if (i === 0 || told.held > best.held) best = told;
  }
  return best;
}

function tellClauses(name: string, clauses: readonly Clause[], asked: Asked): Told {
  const failing = clauses.find((clause) => !clause.holds(asked));
  const held = clauses.filter((clause) => clause.holds(asked)).length;
  return { failed: failing === undefined ? '' : `${name}: ${tellClause(failing, asked)}`, held };
}

function tellClause({ view, needsRequest }: Clause, asked: Asked): string {
  if (needsRequest && asked.head === null) return `${titleOf(view)} is known of HTTP requests only`;
  const list = view.values.slice(0, MAX_VALUES).join(', ') + (view.values.length > MAX_VALUES ? ', ...' : '');
  return `${titleOf(view)} is ${view.not ? 'one' : 'none'} of ${list}`;
}

/** `request.headers[x-role]`, `request.auth.claims[realm][roles]`. */
export function titleOf({ attribute, key }: ClauseView): string {
  return attribute + key.map((part) => `[${part}]`).join('');
}
