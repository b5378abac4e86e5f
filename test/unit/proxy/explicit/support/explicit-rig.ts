/** A rig whose clients use the explicit mode, with services and servers to name. */
import type { Test } from 'tap';
import type { AppProtocol, ServiceView } from '../../../../../src/contract/views.ts';
import { serviceKey } from '../../../../../src/contract/views.ts';
import { ProxyRig, type RigClient, serviceView } from '../../../../helpers/proxy-rig.ts';

export interface Echo {
  readonly port: number;
  /** Requests heard, with their bodies. */
  readonly heard: string[];
}

/** An HTTP/1.1 server that answers each head at once with its own name, and collects what it hears. */
export async function echo(rig: ProxyRig, name: string): Promise<Echo> {
  const heard: string[] = [];
  const { port } = await rig.serve((socket) => {
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      heard.push(text);
      if (text.includes('\r\n\r\n')) {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
      }
    });
  });
  return { port, heard };
}

export function view(
  namespace: string,
  name: string,
  ports: Readonly<Record<number, readonly [AppProtocol, ...number[]]>>,
): ServiceView {
  const clusterOf = (port: number | string): string => `${namespace}/${name}:${port}`;
  const all = Object.entries(ports).map(([port, [protocol, ...to]]) => ({ port: Number(port), protocol, to }));
  return serviceView(
    [],
    {},
    {
      namespace,
      name,
      virtualIps: ['240.240.0.1'],
      ports: all.map(({ port, protocol }) => ({ name: '', port, protocol, cluster: clusterOf(port), http: null })),
      clusters: Object.fromEntries(
        all.map(({ port, protocol, to }) => [
          clusterOf(port),
          {
            service: serviceKey(namespace, name),
            port,
            protocol,
            loadBalancer: 'RoundRobin' as const,
            endpoints: to.map((p) => ({ ip: '127.0.0.1', port: p, weight: 1, workload: 'w' })),
          },
        ]),
      ),
    },
  );
}

export function explicitRig(views: readonly ServiceView[], limits = {}): ProxyRig {
  const rig = new ProxyRig(limits);
  rig.side = 'explicit';
  declare(rig, views);
  return rig;
}

export function declare(rig: ProxyRig, views: readonly ServiceView[]): void {
  const { table } = rig.context;
  table.setDirectory(
    views.map(({ namespace, name, virtualIps, ports }) => ({
      namespace,
      name,
      virtualIps,
      ports: ports.map((p) => p.port),
    })),
  );
  for (const one of views) table.setService(one);
}

export async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

/** Sends `text` and waits for the head and body of one answer. */
export async function tell(rig: ProxyRig, client: RigClient, text: string): Promise<string> {
  client.clear();
  client.send(text);
  await rig.until(() => isWhole(client.text) || client.closed, `an answer to ${text}`);
  return client.text;
}

export function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? Number.NaN);
  return end >= 0 && text.length >= end + 4 + (Number.isNaN(length) ? 0 : length);
}
