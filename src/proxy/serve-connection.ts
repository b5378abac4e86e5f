/**
 * The pipeline, on one screen. A captured connection becomes a record; its original destination tells the target; the first
 * bytes of either side tell the protocol; HTTP is served request by request, everything else as opaque bytes.
 */
import type { Verdict } from '../protocol-sniff/sniff.ts';
import type { Socket } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import { ConnectionRecord, type Side } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Cluster } from './endpoints/cluster.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { observeFailure } from './endpoints/observe-attempt.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';
import { acceptInbound, OPAQUE_HOP } from './mesh/accept-inbound.ts';
import { chooseForConnection, declaredVerdict, type OpaqueTarget, resolveTarget } from './resolve-target.ts';
import { routeConnection } from './route-connection.ts';
import { serveOpaque } from './serve-opaque.ts';
import { serveRestricted } from './serve-restricted.ts';
import { serveByServerName } from './serve-routed.ts';
import { type ChooseEndpoint, type Sniffed, SniffStage } from './sniff-stage.ts';
import { refusesConnection } from './upstream/connection-count.ts';
import { release } from './upstream/pool.ts';
import { UpstreamConnection } from './upstream/upstream-connection.ts';

/** A client that is to speak first: nothing is dialled meanwhile. */
const NOWHERE: ChooseEndpoint = () => null;
/** Nothing read yet, nothing dialled yet. */
const UNREAD = { at: 0, length: 0, parallel: null, endpoint: null, serverAt: 0, serverLength: 0 } as const;

/**
 * @param destination what the program dialled (SO_ORIGINAL_DST); null when the connection was not redirected
 * @param ownPorts our own listeners: a destination there is a loop
 */
export function serveConnection(
  context: Context,
  side: Side,
  client: Socket,
  destination: SockAddr | null,
  ownPorts: ReadonlySet<number>,
): void {
  const record = new ConnectionRecord(side, client.peer, destination, context.reactor.now, context.sink);
  record.socket = client;
  if (destination === null || ownPorts.has(destination.port)) {
    record.detail = 'not redirected, or a loop to our own listener';
    context.reactor.reset(client);
    return record.close('refused');
  }
  resolveTarget(context, record, client, destination, (target) => {
    if (target === null) {
      context.reactor.reset(client);
      return record.close('refused');
    }
    record.service = target.service;
    if (side === 'inbound' && (context.identities.isMember || context.hostPolicies.hasMtls))
      return serveArrival(context, client, destination, record, target);
    if (target.isRestricted)
      return serveRestricted(context, client, record, target, destination, (verdict, at, length) =>
        serveRequests(context, client, destination, record, verdict, at, length),
      );
    const { l4 } = target;
    if (l4 === null) return serveTarget(context, client, destination, record, target);
    if (l4.type === 'tls') return serveByServerName(context, client, record, target, l4.names);
    const routed = routeConnection(context, client, record, target, l4.action);
    if (routed !== null) serveTarget(context, client, destination, record, routed);
  });
}

/** The protocol is declared, or found out. What is routed as a whole is bytes, whatever it looks like. */
function serveTarget(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  target: OpaqueTarget,
): void {
  const isWhole = target.l4 !== null;
  const declared = declaredVerdict(target.protocol);
  if (declared === 'http1' || declared === 'http2') {
    if (!isWhole) {
      record.decide(declared, 'declared');
      return serveHttp(context, client, destination, record, target, declared);
    }
  } else if (declared !== null && !asksServerName(context, record)) {
    record.decide(declared, 'declared');
    return serveOpaque(context, client, record, target, UNREAD);
  }
  const stage = new SniffStage(context, client, record, chooseFor(context, record, target), (sniffed) =>
    serveSniffed(context, client, destination, record, target, sniffed),
  );
  // Another agent has judged already that these bytes are no HTTP: the server may be the one that begins.
  const isOpaqueHop = client.tls !== null && client.tls.protocol === OPAQUE_HOP;
  stage.start(isOpaqueHop || context.serverFirst.has(destination));
}

/** A policy decides by the server name of TLS: whether a connection is TLS must be known, whatever the port is declared to be. */
function asksServerName({ hostPolicies }: Context, { side }: ConnectionRecord): boolean {
  return side === 'inbound' && hostPolicies.asksServerName;
}

/** Whom a silent client may be waiting for. */
function chooseFor(context: Context, record: ConnectionRecord, target: OpaqueTarget): ChooseEndpoint {
  return (failed) => {
    const last = failed.at(-1);
    if (last !== undefined) observeFailure(context, target.cluster, last, 'connect');
    return audible(chooseForConnection(context, target, record.client, failed));
  };
}

function serveSniffed(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  target: OpaqueTarget,
  sniffed: Sniffed,
): void {
  const isBytes = target.l4 !== null || declaredVerdict(target.protocol) !== null;
  const verdict = isBytes && sniffed.verdict !== 'tls' ? 'opaque' : sniffed.verdict;
  record.decide(verdict, sniffed.reason);
  remember(context, destination, sniffed);
  serveVerdict(context, client, destination, record, target, verdict, sniffed);
}

/** What arrives while this host takes part in mutual TLS, or a policy says what may: looked at before anything else happens. */
function serveArrival(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  target: OpaqueTarget,
): void {
  const declared = declaredVerdict(target.protocol);
  const isHttp = declared === 'http1' || declared === 'http2';
  const choose = isHttp ? NOWHERE : chooseFor(context, record, target);
  acceptInbound(context, client, destination, record, choose, isHttp ? context.limits.clientIdleMs : 0, {
    requests: (verdict) => serveRequests(context, client, destination, record, verdict, 0, 0),
    bytes: () => serveTarget(context, client, destination, record, target),
    plain: (sniffed) => {
      if (declared === null || (!isHttp && asksServerName(context, record)))
        return serveSniffed(context, client, destination, record, target, sniffed);
      record.decide(declared, 'declared');
      const { verdict } = sniffed;
      const spoken = isHttp && (verdict === 'http1' || verdict === 'http2') ? verdict : declared;
      record.verdict = spoken;
      serveVerdict(context, client, destination, record, target, spoken, sniffed);
    },
  });
}

/** Under TLS of a service nobody can be heard before it is known who shall begin it, the program or we. */
function audible(endpoint: Endpoint | null): Endpoint | null {
  return endpoint === null || endpoint.tls === null || endpoint.tls.isMesh ? endpoint : null;
}

/** HTTP is declared; which version a client speaks, its own first bytes tell, and the service's is converted to. */
function serveHttp(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  target: OpaqueTarget,
  declared: 'http1' | 'http2',
): void {
  const stage = new SniffStage(context, client, record, NOWHERE, (sniffed) => {
    const { verdict } = sniffed;
    const spoken = verdict === 'http1' || verdict === 'http2' ? verdict : declared;
    record.verdict = spoken;
    serveVerdict(context, client, destination, record, target, spoken, sniffed);
  });
  context.reactor.setTimer(client, context.limits.clientIdleMs);
  stage.start(false);
}

function serveVerdict(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  target: OpaqueTarget,
  verdict: Verdict,
  read: Omit<Sniffed, 'verdict' | 'reason'>,
): void {
  if (verdict !== 'http1' && verdict !== 'http2') return serveOpaque(context, client, record, target, read);
  if (read.parallel !== null && read.endpoint !== null)
    keepForPool(context, target.cluster, read.endpoint, read.parallel);
  serveRequests(context, client, destination, record, verdict, read.at, read.length);
}

function serveRequests(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  verdict: 'http1' | 'http2',
  at: number,
  length: number,
): void {
  const Connection = verdict === 'http1' ? Http1Connection : Http2Connection;
  new Connection(context, client, destination, record).start(at, length);
}

/** A connection dialled during silence is as good as any for the requests to come. */
function keepForPool(context: Context, cluster: Cluster | null, endpoint: Endpoint, socket: Socket): void {
  const traffic = cluster === null ? null : cluster.traffic;
  // One that was dialled for bytes under mutual TLS has told the other agent so.
  const isUnfit = socket.connecting || socket.tls !== null || refusesConnection(traffic, endpoint) !== null;
  if (isUnfit) return context.reactor.reset(socket);
  const connection = new UpstreamConnection(endpoint, context.reactor, traffic);
  connection.adopt(socket);
  release(context.reactor, context.limits, connection);
}

function remember(context: Context, destination: SockAddr, sniffed: Sniffed): void {
  if (sniffed.reason === 'server-first' && sniffed.serverLength > 0) context.serverFirst.remember(destination);
  else if (sniffed.reason === 'client-bytes') context.serverFirst.forget(destination);
}
