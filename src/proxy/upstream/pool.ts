/** Lends and takes back HTTP/1.1 connections of endpoints. */
import type { Reactor } from '../../reactor/reactor.ts';
import type { Limits } from '../context.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { UpstreamConnection, type UpstreamUser } from './upstream-connection.ts';

/**
 * A request that must not be sent twice only uses a connection that was busy this recently: a server that closes idle
 * connections would otherwise be met in the act (the keep-alive race).
 */
const FRESH_FOR_UNSAFE_MS = 1_000;
/** Stop using a connection this long before the server has said it would close it. */
const SERVER_IDLE_MARGIN_MS = 1_000;

/**
 * A connection to `endpoint` for `user`: pooled, or newly dialled. Returns an errno when dialling failed at once.
 * @param safe the request may be sent twice; @param afresh only a new connection will do
 */
export function acquire(
  reactor: Reactor,
  limits: Limits,
  endpoint: Endpoint,
  user: UpstreamUser,
  safe: boolean,
  afresh: boolean,
): UpstreamConnection | number {
  endpoint.lastUsed = reactor.now;
  const pooled = afresh ? undefined : endpoint.idle.at(-1);
  if (pooled !== undefined && (safe || reactor.now - pooled.idleSince <= FRESH_FOR_UNSAFE_MS)) {
    endpoint.idle.pop();
    pooled.user = user;
    reactor.clearTimer(pooled.socket);
    return pooled;
  }
  const fresh = new UpstreamConnection(endpoint, reactor);
  const errno = fresh.dial(limits.connectTimeoutMs);
  if (errno !== 0) return errno;
  fresh.user = user;
  return fresh;
}

/** Puts a connection whose exchange is complete back for the next request, or closes it when there are enough. */
export function release(reactor: Reactor, limits: Limits, connection: UpstreamConnection): void {
  const { endpoint } = connection;
  connection.user = null;
  const hint = connection.serverIdleMs;
  const idleMs = hint < 0 ? limits.upstreamIdleMs : Math.min(limits.upstreamIdleMs, hint - SERVER_IDLE_MARGIN_MS);
  if (idleMs <= 0 || endpoint.idle.length >= limits.maxIdlePerEndpoint) return connection.discard();
  connection.idleSince = reactor.now;
  reactor.setTimer(connection.socket, idleMs);
  endpoint.idle.push(connection);
}

/** Closes the idle connections of an endpoint that is no longer wanted. */
export function closeIdle(endpoint: Endpoint): void {
  while (endpoint.idle.length > 0) endpoint.idle[endpoint.idle.length - 1].discard();
}
