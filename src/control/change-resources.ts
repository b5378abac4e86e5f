import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import {
  AUTHOR_HEADER,
  type ChangeReply,
  DRY_RUN_HEADER,
  deleteRequestSchema,
  REQUEST_ID_HEADER,
  SOURCE_HEADER,
} from '../contract/messages.ts';
import type { Problem } from '../core/errors.ts';
import { MAX_TEXT_BYTES } from '../core/yaml.ts';
import {
  conditionsOf,
  decodeResources,
  KINDS,
  type ResourceId,
  resourceId,
  resourceTitle,
  type StoredResource,
} from '../resources/index.ts';
import type { ControlParts } from './control-parts.ts';
import { describeChange } from './describe-change.ts';
import { type PlannedChange, planApply, planDelete, withPlanned } from './plan-changes.ts';
import type { AuditEvent } from './record-audit.ts';
import { rejectRequest } from './reject-request.ts';

const MAX_CONFLICTS = 5;
/** A publication that takes longer is reported as an error; the change itself is stored. */
const PUBLISH_TIMEOUT_MS = 10_000;
/** Of each resource, in the audit trail. */
const AUDITED_FIELDS = { fields: 50, valueLength: 500 };

/** `control.resource.apply`: the body is YAML or JSON, one document or several. All of it is admitted, or nothing. */
export async function applyResources(parts: ControlParts, request: BusMessage): Promise<ChangeReply> {
  return changeAll(parts, request, 'apply', planDocuments(parts, request));
}

/** Reads the documents of a request, once; the plan is made again at each call. Throws MicroError. */
export function planDocuments(parts: ControlParts, request: BusMessage): () => PlannedChange[] {
  if (request.data.length > MAX_TEXT_BYTES) {
    rejectRequest(413, [
      { code: 'TWP1002', message: 'the request is larger than 1 MiB', hint: 'apply the files one by one' },
    ]);
  }
  const decoded = decodeResources(request.text(), request.header(SOURCE_HEADER).slice(0, 200));
  if (!decoded.ok) return rejectRequest(400, decoded.error);
  if (decoded.value.length === 0)
    return rejectRequest(400, [{ code: 'TWP1011', message: 'there is no resource in the request' }]);
  return () => {
    const plan = planApply(parts.state.resources, decoded.value, parts.state.creationTime(Date.now()));
    return plan.ok ? plan.value : rejectRequest(409, plan.error);
  };
}

/** `control.resource.delete`: `{"kind","namespace","name"}` or `{"resources":[...]}`; one that does not exist refuses all. */
export async function deleteResources(parts: ControlParts, request: BusMessage): Promise<ChangeReply> {
  const body = decodeJson(request.data, deleteRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const ids = body.value.resources.map(({ kind, namespace, name }): ResourceId => {
    const known = KINDS.find((k) => k === kind);
    return known === undefined ? rejectRequest(400, [unknownKind(kind)]) : `${known}.${namespace}.${name}`;
  });
  return changeAll(parts, request, 'delete', () => {
    const plan = planDelete(parts.state.resources, ids);
    const missing = plan.filter((change) => change.type === 'not-found');
    return missing.length === 0
      ? plan
      : rejectRequest(
          404,
          missing.map(({ id }) => notFound(id)),
        );
  });
}

/** A kind that is not one of ours. */
export function unknownKind(kind: string): Problem {
  return {
    code: 'TWP1003',
    message: `the kind ${JSON.stringify(kind)} is not supported`,
    hint: `kinds: ${KINDS.join(', ')}`,
  };
}

/** A resource, by its id, that is not there. */
export function notFound(id: string): Problem {
  const [kind = '', namespace = '', ...name] = id.split('.');
  return { code: 'TWP1012', message: `${kind} ${namespace}/${name.join('.')} does not exist` };
}

/**
 * Plans and commits within the queue, planning again when the store was changed behind us; then waits for the publication.
 * With the header for a dry run nothing is written. Throws MicroError.
 */
export async function changeAll(
  parts: ControlParts,
  request: BusMessage,
  action: AuditEvent['action'],
  plan: () => PlannedChange[] | Promise<PlannedChange[]>,
): Promise<ChangeReply> {
  const dryRun = request.header(DRY_RUN_HEADER) === 'true';
  const done = await parts.queue.run(async () => {
    for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
      const changes = await plan();
      if (dryRun) return { changes, audited: [], warnings: warningsOf(parts, changes) };
      const before = changes.map(({ id }) => parts.state.resources.get(id) ?? null);
      if (!(await parts.config.commit(changes)).ok) continue;
      const audited = changes.map((change, i) => auditResult(parts, before[i] ?? null, change));
      return { changes, audited, warnings: warningsOf(parts, changes) };
    }
    return rejectRequest(409, [
      { code: 'TWP1013', message: 'somebody else keeps changing the same resource; try again' },
    ]);
  });
  if (done.audited.some(({ outcome }) => outcome !== 'unchanged')) {
    const requestId = request.header(REQUEST_ID_HEADER).slice(0, 100);
    const author = request.header(AUTHOR_HEADER);
    await parts.audit.record({ action, author, requestId, results: done.audited });
  }
  const generation = dryRun ? parts.publisher.generation : await published(parts);
  return { ...generation, results: done.changes.map(resultOf), warnings: done.warnings };
}

function auditResult(
  parts: ControlParts,
  before: StoredResource | null,
  change: PlannedChange,
): AuditEvent['results'][number] {
  const { fields } = describeChange(before, change, AUDITED_FIELDS);
  const revision = change.type === 'put' ? parts.state.revisionOf(change.id) : undefined;
  return { ...resultOf(change), ...(revision === undefined ? {} : { revision }), ...(fields.length > 0 && { fields }) };
}

async function published(parts: ControlParts) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PUBLISH_TIMEOUT_MS);
  });
  const generation = await Promise.race([parts.publisher.settled(), late]);
  clearTimeout(timer);
  if (generation !== null) return generation;
  const message = 'the change is stored, but its views could not be published yet; control keeps trying';
  return rejectRequest(503, [{ code: 'TWP1014', message }]);
}

function resultOf(change: PlannedChange): ChangeReply['results'][number] {
  const { id } = change;
  switch (change.type) {
    case 'put':
      return { id, outcome: change.outcome, generation: change.stored.generation };
    case 'unchanged':
      return { id, outcome: 'unchanged', generation: change.stored.generation };
    case 'delete':
      return { id, outcome: 'deleted', generation: change.generation };
    case 'not-found':
      return { id, outcome: 'not-found', generation: 0 };
  }
}

/** References that do not resolve are no reason to refuse (Gateway API): they are conditions, told at once, as if the change were made. */
export function warningsOf(parts: ControlParts, changes: readonly PlannedChange[]): Problem[] {
  const { resources } = parts.state;
  const stored = changes.flatMap((change): StoredResource[] => ('stored' in change ? [change.stored] : []));
  return withPlanned(resources, changes, () =>
    stored.flatMap(({ resource }) =>
      conditionsOf(resources, resourceId(resource))
        .filter(({ type, status }) => (status === 'False') !== (type === 'PartiallyInvalid'))
        .map(({ reason, message, parent }) => ({
          code: reason,
          message,
          path: `${resourceTitle(resource)}${parent === null ? '' : ` (${parent})`}`,
        })),
    ),
  );
}
