/**
 * Programs of a shared host that call under an identity of their own (ADR 0013). Each account has a routing table and endpoints of its own:
 * so connections are never shared between identities, and traffic of a host with one identity pays nothing for it.
 */
import type { IdentitySet } from '../contract/identity.ts';
import { formatSpiffeId } from '../contract/spiffe-id.ts';
import type { InboundWorkloadView } from '../contract/views.ts';
import type { Context } from './context.ts';
import { EndpointStore } from './endpoints/endpoint-store.ts';
import { holds } from './mesh/own-identities.ts';
import type { RoutingTable } from './routing-table.ts';

export interface Caller {
  readonly namespace: string;
  readonly account: string;
}

interface Separate {
  readonly caller: Caller;
  readonly context: Context;
  /** As whom it calls; null: nobody has said yet. */
  spiffeId: string | null;
  /** It had a certificate when it was said. */
  isHeld: boolean;
}

export class Callers {
  readonly #base: Context;
  readonly #separate = new Map<string, Separate>();

  /** @param makeTable an empty table over these endpoints */
  constructor(base: Context, callers: Iterable<Caller>, makeTable: (outbound: EndpointStore) => RoutingTable) {
    this.#base = base;
    for (const caller of callers) {
      if (this.#separate.has(keyOf(caller))) continue;
      const outbound = new EndpointStore(0);
      const context: Context = { ...base, outbound, table: makeTable(outbound) };
      this.#separate.set(keyOf(caller), { caller, context, spiffeId: null, isHeld: false });
    }
  }

  /** For what comes from programs of that account; undefined: from all that have no listener of their own. */
  contextOf(caller: Caller | undefined): Context {
    if (caller === undefined) return this.#base;
    return this.#separate.get(keyOf(caller))?.context ?? this.#base;
  }

  /** That of all others first. */
  tables(): RoutingTable[] {
    return [this.#base.table, ...Array.from(this.#separate.values(), ({ context }) => context.table)];
  }

  /** The same change for every table. */
  each(change: (table: RoutingTable) => void): void {
    this.tables().forEach(change);
  }

  stores(): EndpointStore[] {
    return [this.#base.outbound, ...Array.from(this.#separate.values(), ({ context }) => context.outbound)];
  }

  /** Names without a namespace are looked for in that of the account first. */
  setInbound(workloads: readonly InboundWorkloadView[]): void {
    this.#base.table.setInbound(workloads);
    for (const { caller, context } of this.#separate.values()) {
      const isOwn = ({ namespace }: InboundWorkloadView): boolean => namespace === caller.namespace;
      context.table.setInbound([...workloads.filter(isOwn), ...workloads.filter((one) => !isOwn(one))]);
    }
  }

  /** Other certificates are in force. Who should have one and has none speaks to nobody under mutual TLS: there is no stand-in. */
  setIdentities(set: IdentitySet): void {
    const { trustDomain } = set;
    for (const separate of this.#separate.values()) {
      const { namespace, account } = separate.caller;
      const spiffeId = formatSpiffeId({ trustDomain, namespace, account });
      const { isHeld: wasHeld, spiffeId: before } = separate;
      separate.isHeld = holds(set, spiffeId);
      separate.spiffeId = spiffeId;
      if (before === spiffeId && (separate.isHeld || !wasHeld)) continue;
      separate.context.table.setOwnIdentity(spiffeId);
    }
  }
}

function keyOf({ namespace, account }: Caller): string {
  return `${namespace}/${account}`;
}
