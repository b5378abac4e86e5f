import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { type GroupReply, groupRequestSchema } from '../contract/group-messages.ts';
import { serviceKey } from '../contract/views.ts';
import type { ControlParts } from './control-parts.ts';
import { rejectRequest } from './reject-request.ts';

/** `control.group.get.<host>`: the probes that WorkloadGroups have for the workloads of the agent that asks. */
export function readGroups({ state }: Pick<ControlParts, 'state'>, request: Pick<BusMessage, 'data'>): GroupReply {
  const body = decodeJson(request.data, groupRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  return {
    groups: body.value.groups.map(({ namespace, name }) => {
      const group = state.resources.workloadGroup(serviceKey(namespace, name));
      return { namespace, name, probe: group?.spec.probe ?? null };
    }),
  };
}
