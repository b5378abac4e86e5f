/** Where a request goes that names its service itself: by its target or Host (RFC 9112 3.2.2) and nothing else. */

import { nameOf } from '../../contract/service-names.ts';
import type { ServiceKey, ServiceView } from '../../contract/views.ts';
import { assertNever } from '../../core/result.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import { constantBytes, startsLower } from '../codec/http1/bytes.ts';
import { Http1Head } from '../codec/http1/http1-head.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import { answer, decideService, type RequestDecision, refuseOutside, sendTo, toCluster } from '../decide-request.ts';
import { Cluster } from '../endpoints/cluster.ts';
import type { ClusterSettings } from '../endpoints/cluster-settings.ts';
import { NO_ENDPOINTS, NO_KEY } from '../endpoints/pick-context.ts';
import { defaultPort, speaksHttp, tellPorts } from './default-port.ts';
import { makeDirect } from './direct-form.ts';
import { isOwnListener } from './explicit-parts.ts';
import { type Authority, hostAddress, isHostName, NO_PORT, readAuthority } from './read-authority.ts';

/** Tokens of a global rate limit (captured requests); `otherwise` decides when they do not come. */
export interface QuotaLacks {
  readonly type: 'lacks';
  readonly what: 'quota';
  readonly wait: (done: (arrived: boolean) => void) => void;
  readonly otherwise: () => RequestDecision;
}

/** What must be known before a request can be decided on. */
export type Lacks =
  | { readonly type: 'lacks'; readonly what: 'view'; readonly key: ServiceKey }
  | { readonly type: 'lacks'; readonly what: 'name'; readonly name: string }
  | QuotaLacks;

export type ExplicitDecision = RequestDecision | Lacks;

interface Request {
  readonly context: Context;
  readonly asked: Authority;
  readonly head: MessageHead;
  readonly bytes: Buffer;
}

const HTTP_PORT = 80;
const HTTP_SCHEME = constantBytes('http://');
/** Requests to what is no service share counters. */
const OUTSIDE = {};
const OUTSIDE_CLUSTER: ClusterSettings = { service: '', protocol: 'auto', loadBalancer: 'RoundRobin' };

/** Decides on the request whose head was read last; one that is to be forwarded gets the form in which servers want it. */
export function decideExplicit(context: Context, head: MessageHead, bytes: Buffer): ExplicitDecision {
  if (head.authorityLength === 0) return refuse('the request names no host: put the name of a service into Host');
  if (head.absoluteForm && !startsLower(bytes, head.targetAt, head.targetLength, HTTP_SCHEME))
    return refuse('only http:// targets are taken: reach others through CONNECT');
  if (head.isConnect && !(head instanceof Http1Head)) return refuse('tunnels are opened over HTTP/1.1, not HTTP/2');
  const asked = readAuthority(bytes, head.authorityAt, head.authorityLength);
  const decision = decideHost({ context, asked, head, bytes });
  if (decision.type === 'forward') makeDirect(bytes, head);
  return decision;
}

/** The answer when what was lacking does not come. */
export function giveUp(context: Context, lacks: Lacks): RequestDecision {
  if (lacks.what === 'quota') return lacks.otherwise();
  const seconds = context.limits.viewTimeoutMs / 1000;
  if (lacks.what === 'view')
    return answer('UH', `no view of the service ${lacks.key} arrived within ${seconds} s`, lacks.key, '');
  return answer(
    'DF',
    `${brief(lacks.name)} is no service, and was not resolved as a host name within ${seconds} s`,
    '',
    '',
  );
}

function decideHost(request: Request): ExplicitDecision {
  const { table } = request.context;
  const { host } = request.asked;
  const literal = hostAddress(host);
  if (literal !== null) return decideAddresses(request, [literal]);
  const found = table.names.find(host);
  switch (found.type) {
    case 'service':
      return decideServiceOf(request, found.key);
    case 'ambiguous':
      return notFound(`several services are called ${host}: name one of ${found.keys.map(nameOf).join(', ')}`);
    case 'none':
      if (found.isMesh || !isHostName(host))
        return notFound(`there is no service ${brief(host)}; ${table.names.hint(host)}`);
      return decideName(request);
    default:
      return assertNever(found);
  }
}

function decideServiceOf({ context, asked, head, bytes }: Request, key: ServiceKey): ExplicitDecision {
  const { table, explicit } = context;
  const view = table.view(key);
  if (view === null) return { type: 'lacks', what: 'view', key };
  const number = portOf(view, asked, !head.absoluteForm && !head.isConnect ? explicit.port : NO_PORT);
  if (number === NO_PORT) return withoutPort(view, key);
  const target = table.findPort(key, number);
  if (target.type !== 'service') return notFound(`${nameOf(key)} has no port ${number}, but ${tellPorts(view)}`, key);
  const { port } = target;
  const lacks = nameAsDestination({ context, asked }, port.cluster, number);
  if (lacks !== null) return lacks;
  if (head.isConnect) return toCluster(context, port, port.cluster, null, null);
  if (!speaksHttp(port.protocol)) return notHttp(`port ${number} of ${nameOf(key)} speaks ${port.protocol}`, key);
  return decideService(context, port, head, bytes);
}

/** A host whose connections keep their destination is resolved like any other; what is dialled then is noted. */
function nameAsDestination(
  { context, asked }: Pick<Request, 'context' | 'asked'>,
  cluster: Cluster,
  port: number,
): ExplicitDecision | null {
  if (!cluster.keepsDestination || context.asked.destination !== null) return null;
  const known = context.explicit.names.get(asked.host, context.reactor.now);
  if (known === null) return { type: 'lacks', what: 'name', name: asked.host };
  if (known.addresses.length === 0)
    return answer('DF', `${brief(asked.host)} could not be resolved`, cluster.service, '');
  context.asked.destination = known.addresses[0].withPort(port);
  return null;
}

function withoutPort(view: ServiceView, key: ServiceKey): RequestDecision {
  const name = nameOf(key);
  const http = view.ports.find(({ protocol }) => speaksHttp(protocol));
  if (http === undefined) return notHttp(`${name} has ${tellPorts(view)}`, key);
  return notFound(`${name} has ${tellPorts(view)}: name one, as in ${name}:${http.port}`, key);
}

/** @param listener a request in origin form may name the port of the listener that it was sent to: that says nothing */
function portOf(view: ServiceView, { port }: Authority, listener: number): number {
  if (port === NO_PORT) return defaultPort(view);
  return port === listener && view.ports.every((p) => p.port !== port) ? defaultPort(view) : port;
}

/** The first of them decides whether it is a service. */
function decideAddresses(request: Request, addresses: readonly SockAddr[]): ExplicitDecision {
  const { context, asked, head } = request;
  const { table, explicit } = context;
  const port = asked.port === NO_PORT ? HTTP_PORT : asked.port;
  const first = addresses[0].withPort(port);
  context.asked.destination = first;
  const key = table.serviceAt(first);
  if (key !== null) return decideServiceOf(request, key);
  const others = addresses.map((a) => a.withPort(port)).filter((a) => !isOwnListener(explicit, a));
  if (others.length === 0)
    return refuse(`${brief(asked.host)}:${port} is this proxy itself: name a service, in Host or as its target`);
  const target = table.find(others[0]);
  if (target.type === 'no-such-service') return notFound(`no service has the virtual address ${others[0].ip}`);
  const owner = table.findEndpoint(others[0]);
  if (owner === null) {
    const isAllowed = target.type !== 'restricted' || table.findOutside(asked.host, port) !== null;
    return isAllowed ? toOutside(context, others) : refuseOutside(context, asked.host);
  }
  if (!head.isConnect && !speaksHttp(owner.protocol))
    return notHttp(`${others[0]} speaks ${owner.protocol}`, owner.service);
  return forward(context, owner, owner.service, owner);
}

/** A host name that is no service. */
function decideName(request: Request): ExplicitDecision {
  const { context, asked } = request;
  const { host } = asked;
  const known = context.explicit.names.get(host, context.reactor.now);
  if (known === null) return { type: 'lacks', what: 'name', name: host };
  if (known.problem === '') return decideAddresses(request, known.addresses);
  const hint = context.table.names.hint(host);
  switch (known.problem) {
    case 'unknown':
      return notFound(`${brief(host)} is neither a service nor a host name that resolves; ${hint}`);
    case 'failed':
      return answer('DF', `${brief(host)} is no service, and could not be resolved as a host name; ${hint}`, '', '');
    default:
      return assertNever(known.problem);
  }
}

/** No service of the mesh: any address, as for intercepted traffic. The first that takes a connection is used. */
function toOutside(context: Context, addresses: readonly SockAddr[]): RequestDecision {
  const endpoints = addresses.map((address) => ({ endpoint: context.outbound.get(address), weight: 1 }));
  return forward(context, new Cluster('', OUTSIDE_CLUSTER, endpoints), '', OUTSIDE);
}

function forward(context: Context, cluster: Cluster, service: string, scope: object): RequestDecision {
  const endpoint = cluster.pick(context, NO_KEY, NO_ENDPOINTS);
  if (endpoint === null) return answer('UH', `${service} has no ready endpoint`, service, '');
  return sendTo(endpoint, cluster, service, scope);
}

function refuse(sentence: string): RequestDecision {
  return answer('DPE', sentence, '', '');
}

function notFound(sentence: string, service = ''): RequestDecision {
  return answer('NR', sentence, service, '');
}

function notHttp(what: string, service: string): RequestDecision {
  return answer('NR', `${what}, not HTTP: reach it through CONNECT`, service, '');
}

function brief(host: string): string {
  return host.length > 100 ? `${host.slice(0, 100)}...` : host;
}
