/** Lends and takes back HTTP/1.1 connections of endpoints. */
import type { Reactor } from '../../reactor/reactor.ts';
import type { Limits } from '../context.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Overflow } from '../policy/circuit-breaker.ts';
import { refusesConnection } from './connection-count.ts';
import { type Destination, UpstreamConnection, type UpstreamUser } from './upstream-connection.ts';

/** `maxIdleMs` of a request that may be sent again: any pooled connection will do. */
export const ANY_IDLE = Number.POSITIVE_INFINITY;
/**
 * `maxIdleMs` of a request that must not be sent twice: it only uses a connection that was busy this recently, or more recently
 * where the server is known to be quick, and that is not closing. A server that closes idle connections would otherwise be
 * met in the act (the keep-alive race).
 */
export const FRESH_FOR_UNSAFE_MS = 1_000;
/** `maxIdleMs` of a request that has already met a dead connection: pooled ones may have died with it. */
export const NEVER_IDLE = -1;
/** About a month. */
const FOREVER_MS = 2 ** 31;
/** Results of `acquire` where a circuit breaker is open. */
export const TOO_MANY_CONNECTIONS = -3;
export const TOO_MANY_PENDING = -4;

/**
 * A connection to `endpoint` for `user`: pooled, or newly dialled.
 * @param maxIdleMs longest time that a pooled connection may have been idle, such as `ANY_IDLE`
 * @param traffic of the cluster that it is for, null = none
 * @returns an errno when dialling failed at once, TOO_MANY_CONNECTIONS or TOO_MANY_PENDING
 */
export function acquire(
  reactor: Reactor,
  limits: Limits,
  endpoint: Destination,
  user: UpstreamUser,
  maxIdleMs: number,
  traffic: ClusterTraffic | null = null,
): UpstreamConnection | number {
  endpoint.lastUsed = reactor.now;
  const pooled = maxIdleMs === ANY_IDLE ? endpoint.idle.pop() : takeFresh(reactor, endpoint, maxIdleMs);
  if (pooled !== undefined) {
    pooled.user = user;
    pooled.requests++;
    pooled.idledMs = reactor.now - pooled.idleSince;
    reactor.clearTimer(pooled.socket);
    return pooled;
  }
  const full = refusesNew(endpoint, traffic);
  if (full !== null) return full === 'pending' ? TOO_MANY_PENDING : TOO_MANY_CONNECTIONS;
  const fresh = new UpstreamConnection(endpoint, reactor, traffic);
  const errno = fresh.dial(traffic?.timeouts.connectMs ?? limits.connectTimeoutMs);
  if (errno !== 0) return errno;
  fresh.user = user;
  fresh.requests = 1;
  return fresh;
}

/** As `refusesConnection`; one that is idle, but will not do for this request, makes room for another. */
function refusesNew(endpoint: Destination, traffic: ClusterTraffic | null): Overflow | null {
  const full = refusesConnection(traffic, endpoint);
  if (full !== 'connections') return full;
  const unused = endpoint.idle.find((one) => one.traffic === traffic);
  if (unused === undefined) return full;
  unused.discard();
  return refusesConnection(traffic, endpoint);
}

/** The connection returned last, if it is fresh enough and its server has not begun to close it. */
function takeFresh(reactor: Reactor, endpoint: Destination, maxIdleMs: number): UpstreamConnection | undefined {
  for (let next = endpoint.idle.at(-1); next !== undefined; next = endpoint.idle.at(-1)) {
    const freshMs = Math.min(maxIdleMs, endpoint.idleLesson.unsafeFor(reactor.now, next.serverIdleMs));
    if (reactor.now - next.idleSince > freshMs) return undefined;
    if (reactor.isEstablished(next.socket)) return endpoint.idle.pop();
    next.closedByServer();
  }
  return undefined;
}

/** Puts a connection whose exchange is complete back for the next request, or closes it when there are enough. */
export function release(reactor: Reactor, limits: Limits, connection: UpstreamConnection): void {
  const { endpoint, socket } = connection;
  connection.user = null;
  connection.pooled = true;
  // Dead, or not rid of the last request yet: whoever takes it next would pay for that.
  if (socket.dead || socket.readClosed || socket.pending !== null || connection.isSpent) return connection.discard();
  const idleMs = endpoint.idleLesson.keepFor(
    reactor.now,
    connection.serverIdleMs,
    idleLimit(reactor, limits, connection),
  );
  if (idleMs <= 0 || endpoint.idle.length >= limits.maxIdlePerEndpoint) return connection.discard();
  connection.idleSince = reactor.now;
  reactor.setTimer(connection.socket, idleMs);
  endpoint.idle.push(connection);
}

/** ms that it may be idle; 0 = it has lived long enough. */
function idleLimit({ now }: Reactor, { upstreamIdleMs }: Limits, connection: UpstreamConnection): number {
  const { traffic, requests, dialledAt } = connection;
  if (traffic === null) return upstreamIdleMs;
  const { connectionIdleMs, maxConnectionMs = 0 } = traffic.timeouts;
  if (requests >= traffic.thresholds.requestsPerConnection) return 0;
  // 0 of the agent keeps none; 0 of a policy is no limit.
  const idleMs = connectionIdleMs === 0 ? FOREVER_MS : (connectionIdleMs ?? upstreamIdleMs);
  return maxConnectionMs === 0 ? idleMs : Math.min(idleMs, dialledAt + maxConnectionMs - now);
}

/** Closes the idle connections of an endpoint that is no longer wanted. */
export function closeIdle(endpoint: Destination): void {
  while (endpoint.idle.length > 0) endpoint.idle[endpoint.idle.length - 1].discard();
  endpoint.http2?.closeIdle();
}
