/** One for each workload of this host that ever was: the same port may change hands. */
const SCOPES = new Map<string, object>();

/** What requests to a workload of this host share counters by. */
export function inboundScope(workload: string): object {
  let scope = SCOPES.get(workload);
  if (scope === undefined) {
    scope = {};
    SCOPES.set(workload, scope);
  }
  return scope;
}
