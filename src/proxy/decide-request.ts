/** Pure: where one HTTP request goes. Reads the table in force now, so a change counts from the next request on. */

import { nameOf } from '../contract/service-names.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import { type Judgement, judgeRequest } from './authorize-inbound.ts';
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import type { MessageHead } from './codec/message-head.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Affinity } from './endpoints/affinity.ts';
import { chooseEndpoint, findSession } from './endpoints/choose-endpoint.ts';
import type { Cluster } from './endpoints/cluster.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { destinationAsEndpoint } from './endpoints/keep-destination.ts';
import { NO_KEY } from './endpoints/pick-context.ts';
import { type DeliveryRules, USUAL_DELIVERY } from './exchange/delivery-rules.ts';
import { readAuthority } from './explicit/read-authority.ts';
import { inboundScope } from './inbound-scope.ts';
import { refuse } from './limits/limit-answer.ts';
import { limitRoute } from './limits/limit-route.ts';
import type { HttpRouting, RouteAction, RouteBackend } from './load-routing.ts';
import { outsideSentence } from './outside-sentence.ts';
import type { OwnContent } from './own-content.ts';
import { matchRoute } from './policy/match-route.ts';
import { pickBackend } from './policy/pick-backend.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts';
import { giveAnswer, type RuleAnswer } from './rule-answer.ts';
import type { ServicePort } from './service-port.ts';

export type RequestDecision =
  | {
      readonly type: 'forward';
      readonly endpoint: Endpoint;
      /** null: the original destination, no other endpoint will do. */
      readonly cluster: Cluster | null;
      readonly service: string;
      readonly route: string;
      /** The rule that decided; null: no route is attached, or it is no service. */
      readonly action: RouteAction | null;
      /** Of the request, and of the final answer. */
      readonly edits: CompiledEdits | null;
      readonly responseEdits: CompiledEdits | null;
      /** How often, how long, with which faults, and who gets a copy. */
      readonly rules: DeliveryRules;
      /** 0 = none. */
      readonly timeoutMs: number;
      /** What consistent hashing goes by, also for another try; NO_KEY = nothing. */
      readonly hash: number;
      /** What the answer tells the client, so that it comes back to the same endpoint; null = nothing. */
      readonly affinity: Affinity | null;
      /** Requests with the same scope share counters (a route rule, a service port, a local workload, or all original destinations). */
      readonly scope: object;
    }
  | {
      readonly type: 'answer';
      /** '' = a rule wants it so, and nothing is wrong. */
      readonly flag: ResponseFlag | '';
      readonly status: number;
      readonly sentence: string;
      /** In the place of the sentence. */
      readonly content?: OwnContent | undefined;
      /** Of an error's answer: what the rule changes in answers. */
      readonly edits?: CompiledEdits | null | undefined;
      /** No request of the connection will be let through: it ends with this answer. */
      readonly isFinal?: boolean | undefined;
      readonly service: string;
      readonly route: string;
    };

type Forwarded = Extract<RequestDecision, { type: 'forward' }>;
const ORIGINAL_SCOPE = {};

/** @param destination what the program dialled; @param head the request, whose offsets refer to `bytes` */
export function decideRequest(
  context: Context,
  record: ConnectionRecord,
  destination: SockAddr,
  head: MessageHead,
  bytes: Buffer,
): RequestDecision {
  if (record.side === 'inbound') {
    const { service } = record;
    const plain = sendTo(context.inbound.get(destination), null, service, inboundScope(service));
    return context.hostPolicies.hasAccess ? judged(judgeRequest(context, record, head, bytes), plain) : plain;
  }
  context.asked.note(record.client, destination, head, bytes);
  const target = context.table.find(destination);
  switch (target.type) {
    case 'service':
      return decideService(context, target.port, head, bytes);
    case 'original':
      return sendTo(context.outbound.get(destination), null, '', ORIGINAL_SCOPE);
    case 'restricted':
      return decideRestricted(context, destination, head, bytes);
    case 'unknown-service':
      return answer('UH', `nothing is known yet about the service ${target.key}`, target.key, '');
    case 'no-such-service':
      return answer('NR', `no service has the virtual address ${destination.ip} any more`, '', '');
    case 'no-such-port':
      return answer('NR', `the service ${target.service} has no port ${destination.port}`, target.service, '');
  }
}

function judged(judgement: Judgement, plain: Forwarded): RequestDecision {
  if (judgement.type === 'passed') return judgement.edits === null ? plain : { ...plain, edits: judgement.edits };
  const { status, reason: sentence, content, isFinal } = judgement;
  return { type: 'answer', flag: 'UAEX', status, sentence, content, isFinal, service: plain.service, route: '' };
}

/** No service, and services only are allowed: unless the request names a host of a ServiceEntry, which leads to where it was going. */
function decideRestricted(context: Context, destination: SockAddr, head: MessageHead, bytes: Buffer): RequestDecision {
  const { host } = readAuthority(bytes, head.authorityAt, head.authorityLength);
  const found = context.table.findOutside(host, destination.port);
  return found === null
    ? refuseOutside(context, host === '' ? String(destination) : host)
    : sendTo(context.outbound.get(destination), null, found.key, found.entry);
}

/** @param what the host or address that was asked for */
export function refuseOutside(context: Context, what: string): RequestDecision {
  context.counters.count('towpath_egress_refused_total', { protocol: 'http' });
  return { type: 'answer', flag: 'UH', status: 502, sentence: outsideSentence(what), service: '', route: '' };
}

/** Where a request to that port of a service goes. */
export function decideService(context: Context, port: ServicePort, head: MessageHead, bytes: Buffer): RequestDecision {
  const http = routesFor(port, context.table.home);
  return http === null ? toCluster(context, port, port.cluster, null, null) : route(context, port, http, head, bytes);
}

/** Routes of the caller's own namespace take the place of the service's, and are never merged with them (GEP-1294). */
function routesFor({ http, consumers }: ServicePort, home: string): HttpRouting | null {
  return consumers === null ? http : (consumers.get(home) ?? http);
}

function route(
  context: Context,
  port: ServicePort,
  http: HttpRouting,
  head: MessageHead,
  bytes: Buffer,
): RequestDecision {
  const index = matchRoute(http.compiled, head, bytes);
  if (index < 0) return answer('NR', `no rule of the routes of ${port.service} matches this request`, port.service, '');
  const action = http.actions[index];
  const { name, rule } = action;
  const preflight = action.cors === null ? null : action.cors.preflight(head, bytes);
  if (preflight !== null) return given(port, action, 200, preflight);
  const refusal = action.limits === null ? null : limitRoute(context, action.limits, head, bytes);
  if (refusal !== null) return refuse(refusal, port.service, name);
  if (action.answer !== null) return giveRuleAnswer(port, action, action.answer, head, bytes);
  const backend = chooseBackend(context, action);
  const changes = backend ?? action;
  const edits = changes.cors === null ? changes.responseEdits : changes.cors.editsFor(head, bytes);
  if (backend === null || backend.cluster === null) {
    const lacks = backend === null ? 'gives no backend any weight' : 'names a backend that does not exist';
    return answer('NC', `rule ${rule} of route ${action.route} ${lacks}`, port.service, name, edits);
  }
  if (backend.answer !== null) return giveRuleAnswer(port, action, backend.answer, head, bytes);
  return toCluster(context, port, backend.cluster, action, backend, edits);
}

/** The backend of the request's session, even one without weight, or else one by weight. */
function chooseBackend(context: Context, action: RouteAction): RouteBackend | null {
  const { backends, sessions, view } = action;
  const held = sessions.length === 0 ? null : findSession(context.asked, sessions);
  const kept = held === null ? undefined : backends.find(({ cluster }) => cluster === held.cluster);
  if (kept !== undefined) return kept;
  const chosen = pickBackend(view, context.random());
  return chosen === null ? null : backends[view.backends.indexOf(chosen)];
}

function giveRuleAnswer(
  port: ServicePort,
  action: RouteAction,
  prepared: RuleAnswer,
  head: MessageHead,
  bytes: Buffer,
): RequestDecision {
  const { service, number } = port;
  const { status, content } = giveAnswer(prepared, { host: nameOf(service), port: number }, head, bytes);
  return given(port, action, status, action.cors === null ? content : action.cors.edited(content, head, bytes));
}

function given({ service }: ServicePort, action: RouteAction, status: number, content: OwnContent): RequestDecision {
  return { type: 'answer', flag: '', status, sentence: '', content, service, route: action.name };
}

/** To one of a cluster's endpoints. @param action the rule that decided, with the `backend` that it chose; null: none did */
export function toCluster(
  context: Context,
  port: ServicePort,
  cluster: Cluster,
  action: RouteAction | null,
  backend: RouteBackend | null,
  responseEdits: CompiledEdits | null = null,
): RequestDecision {
  const { service } = port;
  const route = action === null ? '' : action.name;
  const endpoint = cluster.keepsDestination
    ? destinationAsEndpoint(context.outbound, cluster, context.asked.destination)
    : chooseEndpoint(context, cluster, action === null ? port.sessions : action.sessions);
  if (endpoint === null) return answer('UH', `${cluster.key} has no ready endpoint`, service, route, responseEdits);
  return {
    type: 'forward',
    endpoint,
    cluster,
    service,
    route,
    action,
    edits: backend === null ? null : backend.edits,
    responseEdits,
    rules: backend === null ? USUAL_DELIVERY : backend.rules,
    timeoutMs: action?.requestTimeoutMs ?? cluster.traffic.requestTimeoutMs,
    hash: context.asked.key,
    affinity: context.asked.affinity,
    scope: action ?? port,
  };
}

/** Where no rule decides. */
export function sendTo(endpoint: Endpoint, cluster: Cluster | null, service: string, scope: object): Forwarded {
  return {
    type: 'forward',
    endpoint,
    cluster,
    service,
    route: '',
    action: null,
    edits: null,
    responseEdits: null,
    rules: USUAL_DELIVERY,
    timeoutMs: 0,
    hash: NO_KEY,
    affinity: null,
    scope,
  };
}

export function answer(
  flag: ResponseFlag,
  sentence: string,
  service: string,
  route: string,
  edits: CompiledEdits | null = null,
): RequestDecision {
  return { type: 'answer', flag, status: RESPONSE_FLAGS[flag].status, sentence, service, route, edits };
}
