/**
 * Views: compiled, versioned configuration. `resources/` compiles them, control publishes them, agents hold them, data
 * threads read them. Plain immutable JSON data, complete in themselves: a service's view carries every cluster that its
 * rules may choose, so that applying one message is atomic and never refers to something not yet there.
 */
import type { ClusterView } from './cluster-views.ts';
import type { HttpRoutingView, L4ActionView, TlsEntryView } from './route-views.ts';
import type { AppProtocol, ClusterKey, ServiceKey, ViewVersion } from './view-words.ts';

export type { ClusterView, EndpointView, LoadBalancer, UpstreamTlsView } from './cluster-views.ts';
export type {
  HeaderEditView,
  HttpRoutingView,
  NameValue,
  RewriteView,
  RouteActionView,
  RouteEntryView,
  WeightedBackendView,
} from './route-views.ts';
export type { AppProtocol, ClusterKey, ServiceKey, ViewVersion } from './view-words.ts';

/**
 * KV keys `dir.<n>`: what every agent knows of every service, so that it can recognise a dialled virtual IP. Each key holds a
 * part (contract/directory-parts.ts says which services); agents put the parts together.
 */
export interface DirectoryView {
  readonly version: ViewVersion;
  /** How many parts there are; absent: this is all of it. */
  readonly parts?: number | undefined;
  readonly services: readonly DirectoryEntry[];
  /** What programs may dial that is no service, by the namespace of the program; a namespace that is not here: ALLOW_ANY. */
  readonly egress?: Readonly<Record<string, EgressView>> | undefined;
}

/** `outboundTrafficPolicy.mode` of Istio's Sidecar. REGISTRY_ONLY refuses what is no service (TCP reset, HTTP 502, flag UH). */
export interface EgressView {
  readonly mode: 'ALLOW_ANY' | 'REGISTRY_ONLY';
}

export interface DirectoryEntry {
  readonly namespace: string;
  readonly name: string;
  /** IPv4 and IPv6 addresses in canonical text. */
  readonly virtualIps: readonly string[];
  readonly ports: readonly number[];
  /**
   * Names beside `<name>.<namespace>` that lead here: the `hosts` of a ServiceEntry, in lower case. `*.example.com` stands for every
   * name below; a connection by such a name is known by its Host or SNI alone and keeps its original destination.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Addresses and CIDRs of a ServiceEntry that lead here although they are no virtual IPs. */
  readonly addresses?: readonly string[] | undefined;
}

/** KV key `svc.<namespace>.<name>`: everything needed to send traffic to one service. */
export interface ServiceView {
  readonly version: ViewVersion;
  readonly namespace: string;
  readonly name: string;
  readonly virtualIps: readonly string[];
  readonly ports: readonly ServicePortView[];
  readonly clusters: Readonly<Record<ClusterKey, ClusterView>>;
}

export interface ServicePortView {
  readonly name: string;
  readonly port: number;
  readonly protocol: AppProtocol;
  /** Where traffic goes when no route is attached. */
  readonly cluster: ClusterKey;
  /** null: no producer route is attached. Otherwise a request that matches no entry is answered 404 (GEP-1294). */
  readonly http: HttpRoutingView | null;
  /** Routes of other namespaces: they take the place of `http` for programs of the namespace that is the key (GEP-1294). */
  readonly consumers?: Readonly<Record<string, HttpRoutingView>> | undefined;
  /** TCPRoute: chosen for each connection; absent: `cluster`. */
  readonly tcp?: L4ActionView | undefined;
  /** TLSRoute, in precedence order; a connection whose SNI matches none is refused. Absent: `tcp` or `cluster`. */
  readonly tls?: readonly TlsEntryView[] | undefined;
}

/** A program on this host, from the agent's own file: labels what arrives on the inbound side. */
export interface InboundWorkloadView {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: AppProtocol }[];
}

export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}`;
}

/** Hosts whose addresses are endpoints of the service, each once: the agent resolves them. */
export function endpointHosts({ clusters }: ServiceView): string[] {
  const hosts = Object.values(clusters).flatMap(({ names }) => (names ?? []).map(({ host }) => host));
  return [...new Set(hosts)];
}

/** True when `a` is newer than `b`: never step back. */
export function isNewer(a: ViewVersion, b: ViewVersion): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.gen > b.gen;
}
