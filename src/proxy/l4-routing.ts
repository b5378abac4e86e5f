/** Routes of connections as a whole (TCPRoute, TLSRoute) of one port of a service, prepared once for each view. */
import type { L4ActionView, TlsEntryView } from '../contract/route-views.ts';
import type { ClusterKey, ServicePortView } from '../contract/views.ts';
import type { Cluster } from './endpoints/cluster.ts';

export interface L4Action {
  readonly view: L4ActionView;
  /** `<route>/<rule>`, as in logs and metrics. */
  readonly name: string;
  /** Parallel to `view.backends`; null: its share is reset. */
  readonly clusters: readonly (Cluster | null)[];
}

export type L4Routing =
  | { readonly type: 'tcp'; readonly action: L4Action }
  /** By the server name that a TLS client asks for; one that asks for none of these is refused. */
  | { readonly type: 'tls'; readonly names: TlsNames };

export interface TlsNames {
  readonly exact: ReadonlyMap<string, L4Action>;
  /** Keys begin with the dot behind the `*`. */
  readonly wildcards: ReadonlyMap<string, L4Action>;
  /** `*`: also for clients that name nothing. */
  readonly any: L4Action | null;
}

/** null: such routes are not attached, or routes of requests are, which take their place (GEP-1294). */
export function loadL4(view: ServicePortView, clusters: ReadonlyMap<ClusterKey, Cluster>): L4Routing | null {
  if (view.http !== null) return null;
  if (view.tls !== undefined) return { type: 'tls', names: loadNames(view.tls, clusters) };
  return view.tcp === undefined ? null : { type: 'tcp', action: loadAction(view.tcp, clusters) };
}

/** The entry for a server name in lower case: exact before wildcard, the longest wildcard first. */
export function findTlsAction({ exact, wildcards, any }: TlsNames, serverName: string | null): L4Action | null {
  if (serverName === null) return any;
  const found = exact.get(serverName);
  if (found !== undefined) return found;
  if (wildcards.size === 0) return any;
  for (let dot = serverName.indexOf('.'); dot >= 0; dot = serverName.indexOf('.', dot + 1)) {
    const action = wildcards.get(serverName.slice(dot));
    // `*` stands for one label at least.
    if (action !== undefined && dot > 0) return action;
  }
  return any;
}

/** Of several entries for one name the first counts. */
function loadNames(entries: readonly TlsEntryView[], clusters: ReadonlyMap<ClusterKey, Cluster>): TlsNames {
  const exact = new Map<string, L4Action>();
  const wildcards = new Map<string, L4Action>();
  let any: L4Action | null = null;
  for (const { hostname, action } of entries) {
    const loaded = loadAction(action, clusters);
    if (hostname === '*') any ??= loaded;
    else if (!hostname.startsWith('*.')) setFirst(exact, hostname, loaded);
    else setFirst(wildcards, hostname.slice(1), loaded);
  }
  return { exact, wildcards, any };
}

function setFirst(map: Map<string, L4Action>, key: string, action: L4Action): void {
  if (!map.has(key)) map.set(key, action);
}

function loadAction(view: L4ActionView, clusters: ReadonlyMap<ClusterKey, Cluster>): L4Action {
  return {
    view,
    name: `${view.route}/${view.rule}`,
    clusters: view.backends.map(({ cluster }) => (cluster === null ? null : (clusters.get(cluster) ?? null))),
  };
}
