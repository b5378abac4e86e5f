import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { confirmRequestSchema } from '../contract/held-messages.ts';
import { AUTHOR_HEADER, REQUEST_ID_HEADER } from '../contract/messages.ts';
import { serviceKey } from '../contract/views.ts';
import type { ControlParts } from './control-parts.ts';
import { rejectRequest } from './reject-request.ts';

/** `control.service.confirm`: takes the silent endpoints of a service out, which were held. 404 when none are. Audited. */
export async function confirmRemoval(
  parts: ControlParts,
  request: BusMessage,
): Promise<{ readonly service: string; readonly removed: number }> {
  const body = decodeJson(request.data, confirmRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { namespace, name } = body.value;
  const service = serviceKey(namespace, name);
  const removed = parts.registry.confirm(service);
  if (removed === 0)
    return rejectRequest(404, [{ code: 'TWP1017', message: `no removal of endpoints of ${service} is held` }]);
  await parts.audit.record({
    action: 'confirm-removal',
    author: request.header(AUTHOR_HEADER),
    requestId: request.header(REQUEST_ID_HEADER).slice(0, 100),
    results: [{ id: `Service.${namespace}.${name}`, outcome: 'updated', generation: 0 }],
  });
  return { service, removed };
}
