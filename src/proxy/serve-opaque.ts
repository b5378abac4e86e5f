/** Sends a connection as a whole to one endpoint and relays its bytes. */
import { plainName } from '../protocol-sniff/server-name.ts';
import type { Socket } from '../reactor/socket.ts';
import { denialOf } from './authorize-inbound.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { observeFailure } from './endpoints/observe-attempt.ts';
import { HelloStage } from './hello-stage.ts';
import { type NextEndpoint, OpaqueRelay } from './opaque-relay.ts';
import { chooseForConnection, type OpaqueTarget } from './resolve-target.ts';
import type { ResponseFlag } from './response-flags.ts';
import type { Sniffed } from './sniff-stage.ts';
import { refusesConnection } from './upstream/connection-count.ts';
import { describeDial, dialEndpoint } from './upstream/dial.ts';
import { noteOverflow } from './upstream/overflow.ts';

/** Endpoints tried for one connection while nothing was delivered. */
const MAX_ENDPOINTS = 3;
const UNREADABLE_HELLO = 'a policy asks for the server name, and the ClientHello cannot be read';

/** @param read what sniffing has read, and where it has dialled meanwhile */
export function serveOpaque(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  read: Omit<Sniffed, 'verdict' | 'reason'>,
): void {
  const { hostPolicies } = context;
  if (record.side !== 'inbound' || !hostPolicies.hasAccess) return serveAllowed(context, client, record, target, read);
  if (record.verdict !== 'tls' || !hostPolicies.asksServerName)
    return serveJudged(context, client, record, target, read);
  readServerName(context, client, record, read, (whole) => serveJudged(context, client, record, target, whole));
}

type Read = Omit<Sniffed, 'verdict' | 'reason'>;

function serveJudged(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  read: Read,
): void {
  const denial = denialOf(context, record);
  if (denial === null) return serveAllowed(context, client, record, target, read);
  if (read.parallel !== null) context.reactor.reset(read.parallel);
  refuse(context, client, record, 'UAEX', denial, 'refused');
}

/** Some policy wants to know which server a TLS client asks for: its hello is awaited as a whole, and nothing is dialled meanwhile. */
function readServerName(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  read: Read,
  done: (whole: Read) => void,
): void {
  if (read.parallel !== null) context.reactor.reset(read.parallel);
  const stage = new HelloStage(context, client, record, (hello, at, length) => {
    if (hello === null) return refuse(context, client, record, 'UAEX', UNREADABLE_HELLO, 'refused');
    record.serverName = plainName(hello.serverName) || record.serverName;
    done({ ...read, at, length, parallel: null });
  });
  stage.start(read.at, read.length);
}

function serveAllowed(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  read: Omit<Sniffed, 'verdict' | 'reason'>,
): void {
  const { reactor } = context;
  const chosen = read.endpoint ?? chooseForConnection(context, target, record.client);
  if (chosen === null) {
    const sentence = `${target.cluster?.key ?? target.service} has no ready endpoint`;
    return refuse(context, client, record, 'UH', sentence, 'unreachable');
  }
  const traffic = target.cluster === null ? null : target.cluster.traffic;
  const full = refusesConnection(traffic, chosen);
  if (traffic !== null && full !== null) {
    if (read.parallel !== null) reactor.reset(read.parallel);
    return refuse(context, client, record, 'UO', noteOverflow(context, traffic, full), 'refused');
  }
  const dial: Dial = record.verdict === 'tls' ? dialForTls : dialAsTheViewSays;
  const another = anotherEndpoint(context, record, target, dial);
  const first = read.parallel ?? dial(context, chosen, connectLimit(context, target));
  if (typeof first === 'number') observeFailure(context, target.cluster, chosen, 'connect');
  const way = typeof first === 'number' ? (another?.(chosen) ?? first) : { endpoint: chosen, socket: first };
  if (typeof way === 'number') return refuse(context, client, record, 'UF', describeDial(chosen, way), 'unreachable');
  const { endpoint, socket: server } = way;
  endpoint.active++;
  endpoint.lastUsed = reactor.now;
  record.endpoint = endpoint.text;
  const relay = new OpaqueRelay(context, client, server, endpoint, record, another, target.cluster);
  if (read.length > 0) relay.deliver('server', read.at, read.length);
  if (read.serverLength > 0) relay.deliver('client', read.serverAt, read.serverLength);
  relay.start();
}

function refuse(
  { reactor }: Context,
  client: Socket,
  record: ConnectionRecord,
  flag: ResponseFlag | '',
  detail: string,
  ending: Ending,
): void {
  record.flag = flag;
  record.detail = detail;
  reactor.reset(client);
  record.close(ending);
}

type Dial = (context: Context, endpoint: Endpoint, connectMs: number) => Socket | number;

const dialAsTheViewSays: Dial = ({ reactor }, endpoint, connectMs) =>
  dialEndpoint(reactor, endpoint, connectMs, UNOWNED, 'bytes');

/** What the program has put into TLS itself stays as it is: it travels inside that of the mesh, and takes the place of the service's. */
const dialForTls: Dial = ({ reactor }, { address, mark, tls }, connectMs) =>
  dialEndpoint(reactor, { address, mark, tls: tls?.isMesh === true ? tls : null }, connectMs, UNOWNED, 'bytes');

/** ms; 0 = none. */
function connectLimit({ limits }: Context, { cluster }: OpaqueTarget): number {
  return cluster?.traffic.timeouts.connectMs ?? limits.connectTimeoutMs;
}

function anotherEndpoint(
  context: Context,
  record: ConnectionRecord,
  target: OpaqueTarget,
  dial: Dial,
): NextEndpoint | null {
  const { cluster } = target;
  if (cluster === null) return null;
  const key = cluster.keyOfConnection(record.client);
  const tried: Endpoint[] = [];
  const another: NextEndpoint = (failed) => {
    tried.push(failed);
    if (tried.length >= MAX_ENDPOINTS) return null;
    const endpoint = cluster.pick(context, key, tried);
    if (endpoint === null || tried.includes(endpoint)) return null;
    const socket = dial(context, endpoint, connectLimit(context, target));
    if (typeof socket !== 'number') return { endpoint, socket };
    observeFailure(context, cluster, endpoint, 'connect');
    return another(endpoint);
  };
  return another;
}

/** The relay takes the socket over in the same turn, before any event can arrive. */
const UNOWNED = {
  onConnect(): void {},
  onData(): void {},
  onEnd(): void {},
  onDrain(): void {},
  onError(): void {},
  onTimeout(): void {},
  onReadable(): void {},
  onWritable(): void {},
};
