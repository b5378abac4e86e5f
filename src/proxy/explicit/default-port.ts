/** The port of a service that a request means when it names none. Pure. */
import type { AppProtocol, ServiceView } from '../../contract/views.ts';
import { NO_PORT } from './read-authority.ts';

const HTTP_PORT = 80;

/** False for ports that are declared to speak something else. */
export function speaksHttp(protocol: AppProtocol): boolean {
  return protocol !== 'tls' && protocol !== 'tcp';
}

/** The only port that may speak HTTP; of several, 80. NO_PORT: one must be named. */
export function defaultPort({ ports }: ServiceView): number {
  const http = ports.filter(({ protocol }) => speaksHttp(protocol));
  if (http.length === 1) return http[0].port;
  return http.some(({ port }) => port === HTTP_PORT) ? HTTP_PORT : NO_PORT;
}

/** `the port 80`, `the ports 80 (http1) and 6379 (tcp)`. */
export function tellPorts({ ports }: ServiceView): string {
  const told = ports.map(({ port, protocol }) => (protocol === 'auto' ? String(port) : `${port} (${protocol})`));
  return told.length === 1 ? `the port ${told[0]}` : `the ports ${told.slice(0, -1).join(', ')} and ${told.at(-1)}`;
}
