/** From the dialled address to what is known about it; waits for a service's view the first time it is dialled. */
import type { AppProtocol } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import type { Verdict } from '../protocol-sniff/sniff.ts';
import type { Socket } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Cluster } from './endpoints/cluster.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { destinationAsEndpoint } from './endpoints/keep-destination.ts';
import { NO_ENDPOINTS } from './endpoints/pick-context.ts';
import type { L4Routing } from './l4-routing.ts';

/** Where a connection goes that is not served request by request. */
export interface OpaqueTarget {
  readonly service: string;
  readonly protocol: AppProtocol;
  /** null: the original destination alone. */
  readonly cluster: Cluster | null;
  /** How its connections are routed as a whole; null: they are not. */
  readonly l4: L4Routing | null;
  /** The original destination as an endpoint; used when `cluster` is null. */
  readonly original: Endpoint;
  /** No service, and programs of this host may reach services only. */
  readonly isRestricted: boolean;
}

/** Calls back once, at once or later, with null when the connection must be refused. */
export function resolveTarget(
  context: Context,
  record: ConnectionRecord,
  client: Socket,
  destination: SockAddr,
  done: (target: OpaqueTarget | null) => void,
): void {
  if (record.side === 'inbound') return done(inboundTarget(context, destination));
  const target = context.table.find(destination);
  switch (target.type) {
    case 'original':
    case 'restricted':
      return done(outsideTarget(context, destination, target.type === 'restricted'));
    case 'service': {
      const { service, protocol, cluster, consumers } = target.port;
      // Routes of requests that the programs' own namespace has for the service take the place of the service's.
      const l4 = consumers?.has(context.table.home) === true ? null : target.port.l4;
      return done({ service, protocol, cluster, l4, original: context.outbound.get(destination), isRestricted: false });
    }
    case 'no-such-port':
      record.flag = 'NR';
      record.detail = `the service ${target.service} has no port ${destination.port}`;
      return done(null);
    case 'no-such-service':
      record.flag = 'NR';
      record.detail = `no service has the virtual address ${destination.ip}`;
      return done(null);
    case 'unknown-service':
      return waitForView(context, record, client, target.key, (arrived) =>
        arrived ? resolveTarget(context, record, client, destination, done) : done(null),
      );
    default:
      return assertNever(target);
  }
}

/** Holds the client until the view of its service is here, or known to be missing. */
function waitForView(
  context: Context,
  record: ConnectionRecord,
  client: Socket,
  key: string,
  done: (arrived: boolean) => void,
): void {
  const { reactor, limits } = context;
  record.service = key;
  reactor.pause(client);
  const settle = (arrived: boolean): void => {
    if (client.closed) return record.close('reset');
    if (!arrived) {
      record.flag = 'UH';
      record.detail = `no view of the service ${key} arrived within ${limits.viewTimeoutMs} ms`;
    }
    done(arrived);
  };
  // A bug with one client must not cost the others that wait for the same view.
  context.whenServiceArrives(key, (arrived) => reactor.runFor(client, () => settle(arrived)));
}

function outsideTarget(context: Context, destination: SockAddr, isRestricted: boolean): OpaqueTarget {
  const original = context.outbound.get(destination);
  return { service: '', protocol: 'auto', cluster: null, l4: null, original, isRestricted };
}

function inboundTarget(context: Context, destination: SockAddr): OpaqueTarget {
  const local = context.table.findInbound(destination.port);
  const original = context.inbound.get(destination);
  const [service, protocol] = [local?.workload ?? '', local?.protocol ?? 'auto'] as const;
  return { service, protocol, cluster: null, l4: null, original, isRestricted: false };
}

/** What a declared protocol says of the connection; `auto` leaves it to sniffing. */
export function declaredVerdict(protocol: AppProtocol): Verdict | null {
  switch (protocol) {
    case 'auto':
      return null;
    case 'http1':
      return 'http1';
    case 'http2':
    case 'grpc':
      return 'http2';
    case 'tls':
      return 'tls';
    case 'tcp':
      return 'opaque';
    default:
      return assertNever(protocol);
  }
}

/** The endpoint for a connection as a whole, none of those that `failed`; null when there is none (left). */
export function chooseForConnection(
  context: Context,
  target: OpaqueTarget,
  client: SockAddr | null,
  failed: readonly Endpoint[] = NO_ENDPOINTS,
): Endpoint | null {
  const { cluster } = target;
  if (cluster?.keepsDestination === true)
    return failed.length > 0 ? null : destinationAsEndpoint(context.outbound, cluster, target.original.address);
  const endpoint = cluster === null ? target.original : cluster.pick(context, cluster.keyOfConnection(client), failed);
  return endpoint !== null && failed.includes(endpoint) ? null : endpoint;
}
