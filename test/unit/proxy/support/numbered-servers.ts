/** HTTP servers that say who they are, and clients that ask one request at a time, for tests of balancing. */
import type { ClusterView } from '../../../../src/contract/cluster-views.ts';
import type { ServiceView } from '../../../../src/contract/views.ts';
import { type ProxyRig, type RigClient, serviceView } from '../../../helpers/proxy-rig.ts';

const KEY = 'shop/orders:80';

export interface NumberedServer {
  readonly port: number;
  /** What it answers with. */
  status: number;
  /** Request heads that it has seen. */
  readonly seen: string[];
  /** Closes its connections, and takes no others. */
  stop(): Promise<void>;
}

/** Each answers with its number as the body. */
export async function startServers(rig: ProxyRig, count: number): Promise<NumberedServer[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => startServer(rig, number)));
}

async function startServer(rig: ProxyRig, number: number): Promise<NumberedServer> {
  const { port, server, sockets } = await rig.serve((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        numbered.seen.push(text.slice(0, end + 4));
        text = text.slice(end + 4);
        const body = String(number);
        socket.write(`HTTP/1.1 ${numbered.status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      }
    });
    socket.on('end', () => socket.end());
  });
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const numbered: NumberedServer = { port, status: 200, seen: [], stop };
  return numbered;
}

/** A view of those servers whose cluster has `settings`. */
export function balancedView(ports: readonly number[], settings: Partial<ClusterView>, gen = 1): ServiceView {
  const view = serviceView(ports, {}, { version: { epoch: 1, gen, hash: String(gen) } });
  return { ...view, clusters: { [KEY]: { ...view.clusters[KEY], ...settings } } };
}

export interface Heard {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends a GET with those header lines and waits for the answer. */
export async function ask(rig: ProxyRig, client: RigClient, lines = '', target = '/'): Promise<Heard> {
  client.clear();
  client.send(`GET ${target} HTTP/1.1\r\nHost: orders\r\n${lines}\r\n`);
  const bodyAt = (): number => client.text.indexOf('\r\n\r\n') + 4;
  const length = (): number => Number(/content-length: (\d+)/i.exec(client.text)?.[1] ?? 0);
  await rig.until(() => bodyAt() > 3 && client.text.length >= bodyAt() + length(), 'an answer', 10_000);
  const { text } = client;
  return { status: Number(text.slice(9, 12)), head: text.slice(0, bodyAt()), body: text.slice(bodyAt()) };
}
