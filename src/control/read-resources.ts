import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { getRequestSchema, listRequestSchema, type ResourceReply } from '../contract/messages.ts';
import {
  conditionsOf,
  contentOf,
  KINDS,
  type ResourceId,
  resourceId,
  type StoredResource,
} from '../resources/index.ts';
import { notFound, unknownKind } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { rejectRequest } from './reject-request.ts';

type ConditionReply = ResourceReply['status']['conditions'][number];

/** `control.resource.get`: one resource with its status; 404 when it does not exist. */
export function getResource(parts: ControlParts, request: BusMessage): ResourceReply {
  const body = decodeJson(request.data, getRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { kind, namespace, name } = body.value;
  const known = KINDS.find((k) => k === kind);
  if (known === undefined) return rejectRequest(400, [unknownKind(kind)]);
  const id: ResourceId = `${known}.${namespace}.${name}`;
  const stored = parts.state.resources.get(id);
  return stored === undefined ? rejectRequest(404, [notFound(id)]) : describe(parts, stored);
}

/** `control.resource.list`: all resources, those of a kind, of a namespace, or of both. */
export function listResources(parts: ControlParts, request: BusMessage): { items: ResourceReply[] } {
  const empty = request.data.length === 0;
  const body = empty ? null : decodeJson(request.data, listRequestSchema, MAX_RECORD_BYTES);
  if (body !== null && !body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { kind, namespace } = body?.value ?? {};
  const known = kind === undefined ? undefined : KINDS.find((k) => k === kind);
  if (kind !== undefined && known === undefined) return rejectRequest(400, [unknownKind(kind)]);
  const found = parts.state.resources.list(known);
  const items = found.filter(({ resource }) => namespace === undefined || resource.metadata.namespace === namespace);
  return { items: items.map((stored) => describe(parts, stored)) };
}

function describe(parts: ControlParts, stored: StoredResource): ResourceReply {
  const { resource, generation, creationTimestamp } = stored;
  const id = resourceId(resource);
  const refusal = parts.status.refusalOf(id);
  const conditions: ConditionReply[] = conditionsOf(parts.state.resources, id).map((condition) => ({
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: condition.parent === null ? condition.message : `${condition.parent}: ${condition.message}`,
    observedGeneration: condition.observedGeneration,
  }));
  if (refusal !== null) {
    const message = refusal.problems
      .map((p) => (p.path === undefined ? p.message : `${p.path}: ${p.message}`))
      .join('; ');
    conditions.push({
      type: 'towpath.dev/Stored',
      status: 'False',
      reason: 'Refused',
      message: message.slice(0, 4000),
    });
  }
  conditions.push(programmedCondition(parts));
  return {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    metadata: {
      ...resource.metadata,
      generation,
      creationTimestamp,
      resourceVersion: String(parts.state.revisionOf(id)),
    },
    ...contentOf(resource),
    status: { conditions },
  };
}

/** Whether every live agent runs the newest generation, and with it this resource. */
function programmedCondition(parts: ControlParts): ConditionReply {
  const progress = parts.agents.progress(parts.publisher.generation);
  const type = 'towpath.dev/Programmed';
  const [rejected] = progress.rejected;
  if (rejected !== undefined) {
    const reason = rejected.errors[0]?.reason ?? 'no reason given';
    return { type, status: 'False', reason: 'RejectedByAgent', message: `${rejected.host}: ${reason}` };
  }
  const message = `${progress.acknowledged}/${progress.total} agents`;
  return progress.missing.length === 0
    ? { type, status: 'True', reason: 'Programmed', message }
    : { type, status: 'Unknown', reason: 'Pending', message };
}
