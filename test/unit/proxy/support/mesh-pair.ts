/** Two hosts with an agent each: what the caller's programs dial arrives at the callee's program, over real sockets. */
import type { Test } from 'tap';
import type { MtlsView } from '../../../../src/contract/host-view.ts';
import type { IdentitySet } from '../../../../src/contract/identity.ts';
import type { AppProtocol } from '../../../../src/contract/views.ts';
import { type Changes, identitySetOf, makeRoot, makeSvid } from '../../../helpers/make-svid.ts';
import { address, ProxyRig, type RigClient, serviceView } from '../../../helpers/proxy-rig.ts';

export const WEB = 'spiffe://example.org/ns/shop/sa/web';
export const ORDERS = 'spiffe://example.org/ns/shop/sa/orders';
export const root = await makeRoot();
const limits = { connectTimeoutMs: 2_000, headTimeoutMs: 2_000 };

export interface PairSettings {
  /** Port of the callee's program. */
  readonly port: number;
  /** Of the service, for the caller. */
  readonly protocol?: AppProtocol;
  /** Of the program, in the callee's file. */
  readonly declared?: AppProtocol;
  readonly mode?: MtlsView['mode'];
  /** What the registry says of the endpoint; null = it speaks no mutual TLS. */
  readonly expected?: string | null;
}

export class MeshPair {
  readonly caller = new ProxyRig(limits);
  readonly callee = new ProxyRig(limits);
  #generation = 1;

  /** Without identities yet. */
  lead({ port, protocol = 'auto', declared = 'auto', mode, expected = ORDERS }: PairSettings): void {
    const { caller, callee } = this;
    const view = serviceView([callee.port], { protocol });
    const clusters = Object.fromEntries(
      Object.entries(view.clusters).map(([key, cluster]) => {
        const endpoints = cluster.endpoints.map((one) => ({
          ...one,
          ...(expected !== null && { identity: expected }),
        }));
        return [key, { ...cluster, endpoints }];
      }),
    );
    caller.service({ ...view, version: { ...view.version, gen: this.#generation }, clusters });
    callee.side = 'inbound';
    callee.destination = address('127.0.0.1', port);
    const ports = [{ name: 'p', port, protocol: declared }];
    callee.context.table.setInbound([{ namespace: 'shop', name: 'orders-1', ports }]);
    const mtls = mode === undefined ? undefined : { mode, policy: 'shop/policy' };
    const version = { epoch: 1, gen: this.#generation++, hash: 'x' };
    callee.context.hostPolicies.set({ version, workloads: [{ namespace: 'shop', name: 'orders-1', mtls }] });
  }

  async identify(callee: Changes = {}, caller: Changes = {}): Promise<void> {
    this.caller.identity(await held(WEB, caller));
    this.callee.identity(await held(ORDERS, callee));
  }

  /** A client that comes from a host without an agent. */
  stranger(): Promise<RigClient> {
    return this.callee.client();
  }

  accepted(security: string): number {
    const labels = { workload: 'shop/orders-1', connection_security_policy: security, result: 'accepted' };
    return this.callee.count('towpath_inbound_mtls_total', labels);
  }

  refused(reason: string): number {
    return this.callee.count('towpath_inbound_mtls_total', { result: 'refused', reason });
  }

  /** Nothing may be left over. */
  async end(t: Test): Promise<void> {
    for (const rig of [this.caller, this.callee]) {
      const { errors, internal, chunks } = await rig.end();
      t.same(errors, [], 'no handler failed');
      t.equal(internal, 0, 'every record was closed once');
      t.equal(chunks, 0, 'no buffer is left in use');
    }
  }
}

export async function held(spiffeId: string, changes: Changes = {}): Promise<IdentitySet> {
  return identitySetOf([root], [await makeSvid(root, spiffeId, changes)]);
}
