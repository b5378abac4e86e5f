/**
 * What the policies of a workload say about a connection or request that arrives there: decided, counted, and told in the record. The
 * client learns no more than that it was denied.
 */

import type { AccessTrace } from '../contract/decision-trace.ts';
import { constantBytes } from './codec/http1/bytes.ts';
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import type { MessageHead } from './codec/message-head.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Access } from './host-policies.ts';
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
import { nearestRule, tellPolicy } from './policy/authorization/nearest-rule.ts';
import type { VerifiedToken } from './policy/jwt/verified-token.ts';

/** Envoy's words. */
export const DENIED: OwnContent = {
  fields: [field('content-type', 'text/plain')],
  body: constantBytes('RBAC: access denied'),
};

const asked = new Asked();
/** Bytes of a path in the log. */
const MAX_TOLD = 200;

/** What the policies say. `edits`: of the request, where a token is taken off or told in headers. */
export type Judgement =
  | { readonly type: 'passed'; readonly edits: CompiledEdits | null }
  /** `reason` is for the log. `isFinal`: nor would any other request of the connection be let through. */
  | {
      readonly type: 'refused';
      readonly status: 401 | 403;
      readonly reason: string;
      readonly content: OwnContent;
      readonly isFinal: boolean;
    };

const PASSED: Judgement = { type: 'passed', edits: null };

/**
 * Why a connection as a whole is denied; null: it may be. Asked only where policies are (`hostPolicies.hasAccess`).
 * @param isNew false: it is asked again, and not counted
 */
export function denialOf(context: Context, record: ConnectionRecord, isNew = true): string | null {
  const policies = context.hostPolicies.accessTo(record.service);
  if (policies.length === 0) return null;
  askConnection(record, false);
  return authorizeAll(context, record, policies, isNew);
}

/** Why a connection is denied whatever is requested over it; null: some request may be allowed. It is not counted. */
export function denialOfAll(context: Context, record: ConnectionRecord): string | null {
  const policies = context.hostPolicies.accessTo(record.service);
  askConnection(record, true);
  return authorizeAll(context, record, policies, false);
}

function askConnection(record: ConnectionRecord, forAllRequests: boolean): Asked {
  const { peerPrincipal, client, destination, serverName } = record;
  return asked.connection(peerPrincipal, client, destination, serverName, forAllRequests);
}

/** As `denialOf`, of one request. @param head its offsets refer to `bytes` */
export function judgeRequest(
  context: Context,
  record: ConnectionRecord,
  head: MessageHead,
  bytes: Buffer,
  isNew = true,
): Judgement {
  const policies = context.hostPolicies.accessTo(record.service);
  if (policies.length === 0) return PASSED;
  let token: VerifiedToken | null = null;
  let edits: CompiledEdits | null = null;
  for (const { authenticator } of policies) {
    if (authenticator === null) continue;
    const found = authenticator.authenticate(head, bytes, Date.now() / 1000);
    if (found.type === 'refused') return badToken(context, record, found.reason);
    if (found.type === 'known') token = found.token;
    edits = found.edits ?? edits;
  }
  askConnection(record, false).request(head, bytes, token);
  const reason = authorizeAll(context, record, policies, isNew);
  if (reason !== null) {
    const isFinal = isNew && denialOfAll(context, record) !== null;
    return { type: 'refused', status: 403, reason, content: DENIED, isFinal };
  }
  return edits === null ? PASSED : { type: 'passed', edits };
}

function badToken({ counters }: Context, { service: workload }: ConnectionRecord, reason: string): Judgement {
  counters.count('towpath_jwt_refused_total', { workload, reason });
  const challenge = field('www-authenticate', 'Bearer error="invalid_token"');
  const content = { fields: [...DENIED.fields, challenge], body: constantBytes(reason) };
  const details = `jwt_authn_access_denied{${reason.replaceAll(' ', '_')}}`;
  return { type: 'refused', status: 401, reason: details, content, isFinal: false };
}

/** All of them must agree. @returns why not, in Envoy's form and in words; null = they do */
function authorizeAll(
  context: Context,
  record: ConnectionRecord,
  policies: readonly Access[],
  isNew: boolean,
): string | null {
  let outcome: Outcome = UNCONTROLLED;
  let decisive: CompiledAuthorization | null = null;
  for (let i = 0; i < policies.length; i++) {
    const one = (policies[i] as Access).authorization;
    if (isNew && one.noted.length > 0) noteOthers(context, record, one);
    if (!outcome.allowed) continue;
    outcome = authorize(one, asked);
    decisive = one;
  }
  if (isNew) count(context, record, outcome);
  if (outcome.allowed || decisive === null) return null;
  const reason = tellDenial(outcome, decisive);
  if (isNew) notice(context, record, 'denied by policy', reason);
  return reason;
}

/** One line for each, as far as the log takes them. */
function notice({ hostPolicies }: Context, record: ConnectionRecord, message: string, detail: string): void {
  const { head, bytes } = asked;
  hostPolicies.notice(message, {
    workload: record.service,
    client: String(record.client ?? '-'),
    principal: record.peerPrincipal ?? '-',
    request:
      head === null
        ? '-'
        : `${textAt(bytes, head.methodAt, head.methodLength)} ${textAt(bytes, head.pathAt, head.pathLength)}`,
    detail,
  });
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + Math.min(length, MAX_TOLD))).toString('latin1');
}

function count({ counters }: Context, { service: workload }: ConnectionRecord, { allowed, policy }: Outcome): void {
  counters.count('towpath_authorization_total', { workload, decision: allowed ? 'allowed' : 'denied', policy });
}

/** AUDIT, and policies that are tried out: what they would have said. */
function noteOthers(context: Context, record: ConnectionRecord, access: CompiledAuthorization): void {
  const { counters } = context;
  const { service: workload } = record;
  for (const policy of access.noted) {
    if (!isInForce(policy, asked)) continue;
    const { action, policy: name } = policy.view;
    const matches = matchingRule(policy, asked) !== null;
    if (action === 'AUDIT' && !matches) continue;
    const result = action === 'AUDIT' ? 'audited' : matches === (action === 'ALLOW') ? 'allowed' : 'denied';
    counters.count('towpath_authorization_noted_total', { workload, policy: name, action, result });
    if (result !== 'allowed')
      notice(context, record, `${result} by ${policy.view.dryRun ? 'a policy that is tried out' : 'policy'}`, name);
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

/** Right after the request was judged: each policy with its rules, for people. */
export function tellAccess(context: Context, record: ConnectionRecord): AccessTrace {
  return context.hostPolicies.accessTo(record.service).flatMap(({ authorization: { deny, allow, noted } }) =>
    [...deny, ...allow, ...noted]
      .filter((policy) => isInForce(policy, asked))
      .map((policy) => ({
        policy: policy.view.policy,
        action: policy.view.action,
        dryRun: policy.view.dryRun,
        rules: tellPolicy(policy, asked).map(({ rule, failed }) => ({ rule, failed })),
      })),
  );
}
