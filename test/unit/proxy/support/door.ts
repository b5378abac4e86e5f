/** A workload `shop/orders` behind the inbound side of a rig, and policies for it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  AuthorizationPolicyView,
  AuthorizationRuleView,
  ClauseView,
} from '../../../../src/contract/authorization-views.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { address, type ProxyRig, type RigClient } from '../../../helpers/proxy-rig.ts';

let gen = 0;

export const clause = (attribute: ClauseView['attribute'], ...values: string[]): ClauseView => ({
  attribute,
  key: [],
  values,
  not: false,
});
export const to = (...clauses: ClauseView[]): AuthorizationRuleView => ({ from: [], to: [clauses], when: [] });
export const when = (...clauses: ClauseView[]): AuthorizationRuleView => ({ from: [], to: [], when: clauses });

/** Puts these policies in force, DENY unless they say otherwise. */
export function policies(rig: ProxyRig, ...list: Partial<AuthorizationPolicyView>[]): void {
  const views = list.map((one, i) => ({
    policy: `shop/p${i}`,
    action: 'DENY' as const,
    dryRun: false,
    rules: [],
    ...one,
  }));
  rig.context.hostPolicies.set({
    version: exampleVersion(++gen),
    workloads: [{ namespace: 'shop', name: 'orders', authorization: views.map((_, policy) => ({ policy })) }],
    authorizationPolicies: views,
  });
}

/** The workload has these ports, and the next connection goes to the first. */
export function listen(rig: ProxyRig, ...ports: number[]): void {
  rig.side = 'inbound';
  const inbound = ports.map((port) => ({ name: 'p', port, protocol: 'auto' as const }));
  rig.context.table.setInbound([{ namespace: 'shop', name: 'orders', ports: inbound }]);
  rig.destination = address('127.0.0.1', ports[0] ?? 0);
}

/** A program that answers every request of HTTP/1.1. @returns its port, and what it has served */
export async function serveHttp(rig: ProxyRig): Promise<{ readonly port: number; readonly served: string[] }> {
  const served: string[] = [];
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    served.push(`${request.method} ${request.url}`);
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  rig.onEnd(() => server.closeAllConnections());
  rig.onEnd(() => server.close());
  return { port: (server.address() as AddressInfo).port, served };
}

/** Sends bytes, and waits for the end of the connection. */
export async function converse(rig: ProxyRig, bytes: string | Uint8Array): Promise<RigClient> {
  const client = await rig.client();
  client.send(bytes);
  await rig.until(() => client.closed || client.ended, 'the end of the connection');
  return client;
}
