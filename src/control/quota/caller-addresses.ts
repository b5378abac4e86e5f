import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { quotaCallersRequestSchema } from '../../contract/quota-messages.ts';
import type { MeshState } from '../mesh-state.ts';
import { rejectRequest } from '../reject-request.ts';

/**
 * `control.quota.callers.<host>`: which workload is registered at each of the addresses. One that has several workloads is left out: nobody
 * can tell them apart by the address.
 */
export function callersAt(
  state: Pick<MeshState, 'endpoints' | 'writtenEndpoints'>,
  request: { readonly data: Uint8Array },
): { readonly callers: Readonly<Record<string, string>> } {
  const body = decodeJson(request.data, quotaCallersRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const asked = new Set(body.value.addresses);
  const found = new Map<string, Set<string>>();
  const note = (address: string, name: string): void => {
    if (!asked.has(address)) return;
    const names = found.get(address) ?? new Set();
    found.set(address, names.add(name));
  };
  for (const { address, namespace, name, serviceAccount } of state.endpoints.list())
    note(address, `${namespace}/${serviceAccount ?? name}`);
  for (const { address, workload } of state.writtenEndpoints()) note(address, workload);
  const single = [...found].flatMap(([address, names]) => (names.size === 1 ? [[address, ...names] as const] : []));
  return { callers: Object.fromEntries(single) };
}
