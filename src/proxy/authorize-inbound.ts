/**
 * What the policies of a workload say about a connection or request that arrives there: decided, counted, and told in the record. The
 * client learns no more than that it was denied.
 */

import { constantBytes } from './codec/http1/bytes.ts';
import type { MessageHead } from './codec/message-head.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { field, type OwnContent } from './own-content.ts';
import { Asked } from './policy/authorization/asked.ts';
import {
  authorize,
  type CompiledAuthorization,
  isInForce,
  matchingRule,
  type Outcome,
  UNCONTROLLED,
} from './policy/authorization/authorize.ts';
import { nearestRule } from './policy/authorization/nearest-rule.ts';

/** Envoy's words. */
export const DENIED: OwnContent = {
  fields: [field('content-type', 'text/plain')],
  body: constantBytes('RBAC: access denied'),
};

const asked = new Asked();

/**
 * Asked only where policies are (`hostPolicies.hasAccess`).
 * @param head null: the connection as a whole; its offsets refer to `bytes`
 * @returns null: allowed; else why not, for the log, in Envoy's form and in words
 */
export function denialOf(
  context: Context,
  record: ConnectionRecord,
  head: MessageHead | null,
  bytes: Uint8Array,
): string | null {
  const policies = context.hostPolicies.accessTo(record.service);
  if (policies.length === 0) return null;
  asked.connection(record.peerPrincipal, record.client, record.destination);
  if (head !== null) asked.request(head, bytes, null);
  let outcome: Outcome = UNCONTROLLED;
  let decisive: CompiledAuthorization | null = null;
  for (let i = 0; i < policies.length; i++) {
    const one = policies[i] as CompiledAuthorization;
    if (one.noted.length > 0) noteOthers(context, record, one);
    if (!outcome.allowed) continue;
    outcome = authorize(one, asked);
    decisive = one;
  }
  count(context, record, outcome);
  return outcome.allowed || decisive === null ? null : tellDenial(outcome, decisive);
}

function count({ counters }: Context, { service: workload }: ConnectionRecord, { allowed, policy }: Outcome): void {
  counters.count('towpath_authorization_total', { workload, decision: allowed ? 'allowed' : 'denied', policy });
}

/** AUDIT, and policies that are tried out: what they would have said. */
function noteOthers(
  { counters }: Context,
  { service: workload }: ConnectionRecord,
  access: CompiledAuthorization,
): void {
  for (const policy of access.noted) {
    if (!isInForce(policy, asked)) continue;
    const { action, policy: name } = policy.view;
    const matches = matchingRule(policy, asked) !== null;
    if (action === 'AUDIT' && !matches) continue;
    const result = action === 'AUDIT' ? 'audited' : matches === (action === 'ALLOW') ? 'allowed' : 'denied';
    counters.count('towpath_authorization_noted_total', { workload, policy: name, action, result });
  }
}

/** As Envoy's response code details, then what would have had to be otherwise. */
function tellDenial({ policy, rule }: Outcome, access: CompiledAuthorization): string {
  if (policy !== '') {
    const [namespace, name] = policy.split('/', 2);
    return `rbac_access_denied_matched_policy[ns[${namespace}]-policy[${name}]-rule[${rule}]]: the DENY policy ${policy} matches by its rule ${rule}`;
  }
  const nearest = nearestRule(access, asked);
  const none = 'rbac_access_denied_matched_policy[none]: no ALLOW policy matches';
  if (nearest === null) return none;
  const place = nearest.rule < 0 ? nearest.policy : `rule ${nearest.rule} of ${nearest.policy}`;
  return `${none}; the nearest is ${place}: ${nearest.failed}`;
}
