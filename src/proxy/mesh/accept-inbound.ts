/**
 * What may reach a program of this host (PeerAuthentication). The first bytes tell whether another agent begins mutual TLS, by the
 * protocols that it offers; then the handshake follows and whatever is inside is served as if it had come without. Refusals are
 * resets: whoever is refused learns nothing, the log and the counters everything.
 */
import type { MtlsView } from '../../contract/host-view.ts';
import { plainName } from '../../protocol-sniff/server-name.ts';
import type { Socket } from '../../reactor/socket.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { HelloStage } from '../hello-stage.ts';
import { refuse } from '../route-connection.ts';
import { type ChooseEndpoint, type Sniffed, SniffStage } from '../sniff-stage.ts';
import { judgeArrival, type RefusedArrival, type Security } from './judge-arrival.ts';
import { startMeshHandshake } from './mesh-handshake.ts';

/** How the connection goes on. */
export interface Arrival {
  /** Mutual TLS, and the other agent has told that these are requests. */
  requests(verdict: 'http1' | 'http2'): void;
  /** Mutual TLS around anything. */
  bytes(): void;
  /** Without mutual TLS. */
  plain(sniffed: Sniffed): void;
}

type Refusal = RefusedArrival['reason'] | 'handshake';

/** ALPN of what is no HTTP. */
export const OPAQUE_HOP = 'towpath-tcp';
const OF_THE_MESH = /^towpath-/;
const NOWHERE: ChooseEndpoint = () => null;
/**
 * Silences of 10 ms before the program is dialled for a client that may be waiting for it. Another agent speaks at once, but its first
 * bytes may be late; were the program heard meanwhile, its greeting would leave in plain text.
 */
const PATIENCE = 5;

/**
 * @param choose whom a silent client may be waiting for
 * @param silentMs ms that a client may be silent; 0 = for ever, since the program may be the one that begins
 */
export function acceptInbound(
  context: Context,
  client: Socket,
  destination: SockAddr,
  record: ConnectionRecord,
  choose: ChooseEndpoint,
  silentMs: number,
  arrival: Arrival,
): void {
  const policy = context.hostPolicies.mtlsOf(record.service, destination.port);
  const isStrict = policy.mode === 'STRICT';
  const stage = new SniffStage(context, client, record, isStrict ? NOWHERE : choose, (sniffed) => {
    if (sniffed.verdict !== 'tls') return judgePlain(context, client, record, policy, sniffed, 'none', arrival);
    const hello = new HelloStage(context, client, record, (heard, at, length) => {
      const read = { ...sniffed, at, length };
      if (heard === null || !heard.protocols.some((name) => OF_THE_MESH.test(name)))
        return judgePlain(context, client, record, policy, read, 'tls', arrival);
      if (sniffed.parallel !== null) context.reactor.reset(sniffed.parallel);
      record.serverName = plainName(heard.serverName);
      judgeMesh(context, client, destination, record, policy, read, arrival);
    });
    hello.start(sniffed.at, sniffed.length);
  });
  stage.patience = PATIENCE;
  const waitMs = isStrict ? context.limits.headTimeoutMs : silentMs;
  if (waitMs > 0) context.reactor.setTimer(client, waitMs);
  stage.start(false);
}

function judgePlain(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  policy: MtlsView,
  sniffed: Sniffed,
  security: Security,
  { plain }: Arrival,
): void {
  const refused = judgeArrival(policy, security);
  count(context, record, policy, security, refused?.reason ?? '');
  if (refused === null) return plain(sniffed);
  if (sniffed.parallel !== null) context.reactor.reset(sniffed.parallel);
  refuse(context, client, record, 'NR', refused.sentence);
}

function judgeMesh(
  context: Context,
  client: Socket,
  { port }: SockAddr,
  record: ConnectionRecord,
  policy: MtlsView,
  read: Sniffed,
  arrival: Arrival,
): void {
  const refused = (reason: Refusal, sentence: string): void => {
    count(context, record, policy, 'mutual_tls', reason);
    refuse(context, client, record, reason === 'disabled' ? 'NR' : 'DPE', sentence);
  };
  const disabled = judgeArrival(policy, 'mutual_tls');
  if (disabled !== null) return refused(disabled.reason, disabled.sentence);
  startMeshHandshake(context, client, port, read, {
    established: (protocol, peer, own) => {
      record.peerPrincipal = peer;
      record.localPrincipal = own;
      count(context, record, policy, 'mutual_tls', '');
      if (protocol === OPAQUE_HOP) return arrival.bytes();
      const verdict = protocol === 'towpath-h2' ? 'http2' : 'http1';
      record.decide(verdict, 'alpn');
      arrival.requests(verdict);
    },
    failed: (sentence) => refused('handshake', sentence),
  });
}

/** @param reason why it was refused; '' = it was not */
function count(
  { counters }: Context,
  { service: workload }: ConnectionRecord,
  { mode }: MtlsView,
  connection_security_policy: Security,
  reason: Refusal | '',
): void {
  const result = reason === '' ? 'accepted' : 'refused';
  counters.count('towpath_inbound_mtls_total', { workload, mode, connection_security_policy, result, reason });
}
