/** The labs of the scenarios. Pure. */
import type { TopologyInput } from '../../test/network/support/lab.ts';

export const ENDPOINTS = 3;
export const MOST_ENDPOINTS = 10;
/** The nodes of the cluster are the first hosts of their lab, and the first host has the address .2. */
export const NATS_NODES = ['nats-1', 'nats-2', 'nats-3'] as const;
const NODE_ADDRESSES = ['10.77.0.2', '10.77.0.3', '10.77.0.4'] as const;
export const CLUSTER_SERVERS = NODE_ADDRESSES.map((address) => `nats://${address}:4222`);
export const CONTROLS = ['control-1', 'control-2'] as const;

/** Half the default, which would be most of the time that a restart of an agent takes. */
const DRAIN_SECONDS = 5;

/** `orders-1`, `orders-2`, ... */
export const endpointHosts = (count: number): string[] => Array.from({ length: count }, (_, i) => `orders-${i + 1}`);

const service = (name: string, selector: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: ${selector}, ports: [{ name: http, port: 80, appProtocol: http }] }
`;

/** The service that is called, and one for each of the first three endpoints, for routes. */
export const SERVICES = [
  service('orders', '{ app: orders }'),
  ...endpointHosts(ENDPOINTS).map((name) => service(name, `{ app: orders, version: ${name} }`)),
].join('---\n');

/** All requests for orders by these weights of the first three endpoints. */
export const route = (weights: readonly (number | string)[]): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: orders, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: orders }]
  rules:
  - backendRefs: [${weights.map((weight, i) => `{ name: orders-${i + 1}, port: 80, weight: ${weight} }`).join(', ')}]
`;

const nginxConf = (name: string): string => `daemon off;
pid nginx.pid;
worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  keepalive_requests 100000;
  server { listen 80; listen [::]:80; location / { return 200 "${name}\\n"; } }
}
`;

function endpoint(name: string, agentSettings: object): object {
  const workload = {
    name,
    namespace: 'shop',
    labels: { app: 'orders', version: name },
    ports: { http: 80 },
    probe: { tcpSocket: {}, periodSeconds: 1, failureThreshold: 1 },
  };
  const nginx = {
    name: 'nginx',
    command: ['nginx', '-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
    ready: { port: 80 },
    files: { 'nginx.conf': nginxConf(name) },
  };
  const config = { ...agentSettings, drainSeconds: DRAIN_SECONDS, workloads: [workload] };
  return { agent: { config }, programs: [nginx] };
}

const endpoints = (count: number, agentSettings: object): object =>
  Object.fromEntries(endpointHosts(count).map((name) => [name, endpoint(name, agentSettings)]));

/** One nats-server of Debian's and one control, as `lab/shop.yaml` has them. */
export function singleTopology(endpointCount: number): TopologyInput {
  return { control: 'control', hosts: { control: {}, caller: { agent: {} }, ...endpoints(endpointCount, {}) } };
}

/** Three current nats-servers and two controls, each on a host of its own. */
export function clusterTopology(natsProgram: string, towpath: readonly string[]): TopologyInput {
  const settings = { nats: { servers: CLUSTER_SERVERS, allowOpen: true } };
  const nodes = NATS_NODES.map((name, i) => [name, { programs: [natsNode(natsProgram, name, i)] }]);
  const controls = CONTROLS.map((name) => [name, { programs: [controlReplica(towpath, name)] }]);
  return {
    hosts: {
      ...Object.fromEntries([...nodes, ...controls]),
      caller: { agent: { config: settings } },
      ...endpoints(ENDPOINTS, settings),
    },
  };
}

function natsNode(program: string, name: string, index: number): object {
  const routes = NODE_ADDRESSES.map((address) => `"nats://${address}:6222"`).join(', ');
  const settings = `server_name: ${name}
host: "${NODE_ADDRESSES[index]}"
port: 4222
jetstream { store_dir: "jetstream", max_file_store: 512MB, max_mem_store: 64MB }
cluster { name: chaos, listen: "${NODE_ADDRESSES[index]}:6222", routes: [${routes}] }
`;
  return {
    name: 'nats-node',
    command: [program, '--config', 'nats.conf'],
    files: { 'nats.conf': settings },
    ready: { port: 4222 },
  };
}

function controlReplica(towpath: readonly string[], name: string): object {
  return {
    name: 'replica',
    command: [...towpath, 'control', '--server', CLUSTER_SERVERS.join(','), '--id', name, '--ca-dir', 'ca'],
    env: { TOWPATH_NATS_ALLOW_OPEN: 'true' },
    ready: { port: 15010 },
  };
}
