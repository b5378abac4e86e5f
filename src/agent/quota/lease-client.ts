import type { LeaseReply, LeaseRequest } from '../../contract/quota-messages.ts';

/** Where leases come from. */
export interface LeaseClient {
  /** Rejects when control, or its store, does not answer in time. */
  ask(request: LeaseRequest): Promise<LeaseReply>;
  /** The workloads that are registered at addresses; an address that is absent has none, or several. Rejects as `ask`. */
  callers(addresses: readonly string[]): Promise<Readonly<Record<string, string>>>;
}
