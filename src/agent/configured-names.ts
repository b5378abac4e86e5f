/** The names that the configuration in force has: what was counted of others need not be kept. Pure. */
import { isIPv6, SocketAddress } from 'node:net';
import type { ClusterView, HttpRoutingView, ServicePortView, ServiceView } from '../contract/views.ts';
import { serviceKey } from '../contract/views.ts';
import type { Labels } from '../telemetry/metric.ts';
import type { ToDataThreadBody } from './thread-state.ts';

export interface ConfiguredNames {
  /** `<namespace>/<name>` of services and of this host's workloads. */
  readonly services: ReadonlySet<string>;
  /** `<namespace>/<route>/<rule>` */
  readonly routes: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string>;
  /** `ip:port` */
  readonly endpoints: ReadonlySet<string>;
  /** Services with endpoints that no view lists: names that are resolved, or wherever the program dials. */
  readonly open: ReadonlySet<string>;
}

/** @param messages what tells a new data thread everything (`ThreadState`) */
export function namesIn(messages: Iterable<ToDataThreadBody>): ConfiguredNames {
  const names = {
    services: new Set<string>(),
    routes: new Set<string>(),
    clusters: new Set<string>(),
    endpoints: new Set<string>(),
    open: new Set<string>(),
  };
  for (const message of messages) {
    if (message.type === 'service') addService(names, message.service);
    const others =
      message.type === 'directory' ? message.services : message.type === 'inbound' ? message.workloads : [];
    for (const { namespace, name } of others) names.services.add(serviceKey(namespace, name));
  }
  return names;
}

type Names = { readonly [Kind in keyof ConfiguredNames]: Set<string> };

function addService(names: Names, view: ServiceView): void {
  const service = serviceKey(view.namespace, view.name);
  names.services.add(service);
  for (const port of view.ports) for (const route of routesOf(port)) names.routes.add(route);
  for (const [key, cluster] of Object.entries(view.clusters)) {
    names.clusters.add(key);
    if (cluster.passthrough === true || cluster.names !== undefined) names.open.add(service);
    for (const endpoint of endpointsOf(cluster)) names.endpoints.add(endpoint);
  }
}

function* routesOf({ http, consumers = {}, tcp, tls = [] }: ServicePortView): Iterable<string> {
  const routings: (HttpRoutingView | null)[] = [http, ...Object.values(consumers)];
  const actions = [...routings.flatMap((one) => one?.actions ?? []), ...tls.map(({ action }) => action)];
  for (const { route, rule } of tcp === undefined ? actions : [...actions, tcp]) yield `${route}/${rule}`;
}

function* endpointsOf({ endpoints }: ClusterView): Iterable<string> {
  for (const { ip, port } of endpoints) {
    if (!ip.includes(':')) yield `${ip}:${port}`;
    else if (isIPv6(ip)) yield `[${new SocketAddress({ address: ip, family: 'ipv6' }).address}]:${port}`;
  }
}

/** Whether a series with these labels counts for something that is no longer configured. It may have connections all the same. */
export function isGone({ services, routes, clusters, endpoints, open }: ConfiguredNames, labels: Labels): boolean {
  const { side, service, route, cluster, backend, endpoint } = labels;
  const lacks = (known: ReadonlySet<string>, name: string | undefined): boolean =>
    name !== undefined && name !== '' && !known.has(name);
  if (lacks(services, service) || lacks(routes, route) || lacks(clusters, cluster) || lacks(clusters, backend))
    return true;
  return side === 'outbound' && service !== undefined && !open.has(service) && lacks(endpoints, endpoint);
}
