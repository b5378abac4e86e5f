import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { getRequestSchema, type ListReply, listRequestSchema, type ResourceReply } from '../contract/messages.ts';
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
import { programmedCondition } from './programmed-condition.ts';
import { rejectRequest } from './reject-request.ts';

const MAX_ANSWER_BYTES = 700_000;
const MAX_NAMES = 10_000;

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
  return stored === undefined ? rejectRequest(404, [notFound(id)]) : describeResource(parts, stored);
}

/**
 * `control.resource.list`: all resources, those of a kind, of a namespace, or of both, by id. An answer has a bounded size: `next` tells
 * where to go on.
 */
export function listResources(parts: ControlParts, request: BusMessage): ListReply {
  const found = selectResources(parts, request);
  const items: ResourceReply[] = [];
  let bytes = 0;
  for (const stored of found) {
    const item = describeResource(parts, stored);
    bytes += Buffer.byteLength(JSON.stringify(item));
    const last = items.at(-1);
    if (bytes > MAX_ANSWER_BYTES && last !== undefined) return { items, next: idOfReply(last) };
    items.push(item);
  }
  return { items };
}

/** `control.resource.names`: as `list`, but only which there are; at most 10,000. */
export function listNames(parts: ControlParts, request: BusMessage): { items: object[] } {
  const found = selectResources(parts, request).slice(0, MAX_NAMES);
  return {
    items: found.map(({ resource: { kind, metadata } }) => ({
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
    })),
  };
}

function selectResources(parts: ControlParts, request: BusMessage): StoredResource[] {
  const empty = request.data.length === 0;
  const body = empty ? null : decodeJson(request.data, listRequestSchema, MAX_RECORD_BYTES);
  if (body !== null && !body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { kind, namespace, after = '' } = body?.value ?? {};
  const known = kind === undefined ? undefined : KINDS.find((k) => k === kind);
  if (kind !== undefined && known === undefined) return rejectRequest(400, [unknownKind(kind)]);
  return parts.state.resources
    .list(known)
    .filter(
      ({ resource }) =>
        (namespace === undefined || resource.metadata.namespace === namespace) && resourceId(resource) > after,
    );
}

function idOfReply({ kind, metadata }: ResourceReply): string {
  return `${kind}.${metadata.namespace}.${metadata.name}`;
}

/** A resource with its status. */
export function describeResource(parts: ControlParts, stored: StoredResource): ResourceReply {
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
  conditions.push(programmedCondition(parts, stored));
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
