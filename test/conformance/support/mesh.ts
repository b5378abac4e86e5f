/** The services of a test: each has a virtual address of its own and one local server behind it. */

/** Port on which every service is dialled. */
export const SERVICE_PORT = 80;

export interface Service {
  readonly name: string;
  /** What programs dial. */
  readonly ip: string;
  /** Its server is a program of this host: calls pass the inbound side too, as if they came from another host. */
  readonly isOwn: boolean;
  /** Its server listens here, on 127.0.0.1 or all addresses. */
  readonly port: number;
  /** Declared protocol, such as `kubernetes.io/h2c`; null = left to sniffing. */
  readonly appProtocol: string | null;
}

/** With TOWPATH_CONFORMANCE=direct programs dial the servers themselves: shows whether a peer is at fault. Such a run never passes. */
export const DIRECT = process.env['TOWPATH_CONFORMANCE'] === 'direct';

/** The host's own address, as openPlace gives it. */
export const OWN_ADDRESS = '10.77.0.1';

/**
 * Services in the order of their names: 240.240.0.10 -> 127.0.0.1:9010 and so on.
 * @param own those whose servers are programs of this host
 */
export function services<Name extends string>(
  declared: Readonly<Record<Name, string | null>>,
  own: readonly Name[],
): Readonly<Record<Name, Service>> {
  const names = Object.keys(declared) as Name[];
  const made = names.map((name, i): [Name, Service] => [
    name,
    { name, ip: `240.240.0.${10 + i}`, port: 9010 + i, appProtocol: declared[name], isOwn: own.includes(name) },
  ]);
  return Object.fromEntries(made) as Record<Name, Service>;
}

/** Where a program dials to reach it. */
export function addressOf(service: Service): { readonly host: string; readonly port: number } {
  return DIRECT ? { host: '127.0.0.1', port: service.port } : { host: service.ip, port: SERVICE_PORT };
}

export function urlOf(service: Service, path = '/'): string {
  const { host, port } = addressOf(service);
  return `http://${host}:${port}${path}`;
}

export function renderResources(list: readonly Service[]): string {
  return list.map(renderService).join('---\n');
}

/** The agent's settings that make programs of this host known. */
export function renderWorkloads(list: readonly Service[]): string {
  const own = list.filter((service) => service.isOwn);
  const entries = own.map(
    ({ name, port }) => `  - { name: ${name}, labels: { app: ${name} }, ports: { main: ${port} } }\n`,
  );
  return own.length === 0 ? '' : `address: ${OWN_ADDRESS}\nworkloads:\n${entries.join('')}`;
}

function renderService({ name, ip, port, appProtocol, isOwn }: Service): string {
  const declared = appProtocol === null ? '' : `, appProtocol: ${appProtocol}`;
  return `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  clusterIP: ${ip}
  selector: { app: ${name} }
  ports: [{ name: main, port: ${SERVICE_PORT}${declared} }]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}, labels: { app: ${name} } }
spec: { address: ${isOwn ? OWN_ADDRESS : '127.0.0.1'}, ports: { main: ${port} } }
`;
}
