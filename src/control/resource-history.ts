import type { BucketEntry, BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import type { ResourceReference } from '../contract/messages.ts';
import { type HistoryReply, historyRequestSchema } from '../contract/operator-messages.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import { KINDS, type ResourceId } from '../resources/index.ts';
import { notFound, unknownKind } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { AuditFinder } from './read-audit.ts';
import { rejectRequest } from './reject-request.ts';
import { decodeStored } from './stored-form.ts';

type Item = HistoryReply['items'][number];

/** The id that a request names. Throws MicroError when the kind is none of ours. */
export function idOf({ kind, namespace, name }: ResourceReference): ResourceId {
  const known = KINDS.find((k) => k === kind);
  return known === undefined ? rejectRequest(400, [unknownKind(kind)]) : `${known}.${namespace}.${name}`;
}

/** `control.resource.history`: every version that the store keeps, newest first, with who wrote it; with `revision` that one and what it says. */
export async function resourceHistory(parts: ControlParts, request: BusMessage): Promise<HistoryReply> {
  const body = decodeJson(request.data, historyRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { revision, ...reference } = body.value;
  const id = idOf(reference);
  if (revision === undefined) return describeKept(parts, id, Number.POSITIVE_INFINITY);
  const kept = await keptVersions(parts, id);
  const finder = new AuditFinder(parts.bus.records(parts.subjects.auditStream));
  const entry = kept.find((one) => one.revision === revision) ?? rejectRevision(id, revision);
  const item = await describeVersion(parts, id, kept, entry, finder);
  return { id, items: [entry.deleted ? item : { ...item, manifest: manifestOf(entry.data) }] };
}

/** The newest versions, at most `limit`, newest first. Throws MicroError (404) when there is none, rejects with BusError. */
export async function describeKept(parts: ControlParts, id: ResourceId, limit: number): Promise<HistoryReply> {
  const kept = await keptVersions(parts, id);
  const finder = new AuditFinder(parts.bus.records(parts.subjects.auditStream));
  const items = kept.slice(0, limit).map((entry) => describeVersion(parts, id, kept, entry, finder));
  return { id, items: await Promise.all(items) };
}

/** What the store keeps of a resource, newest first. Throws MicroError (404) when it keeps nothing, rejects with BusError. */
export async function keptVersions(parts: ControlParts, id: ResourceId): Promise<BucketEntry[]> {
  const kept = await parts.bus.bucket(parts.subjects.bucket('config')).history(id);
  return kept.length === 0 ? rejectRequest(404, [notFound(id)]) : kept.reverse();
}

/** Ends a request that names a version which is not kept. Always throws. */
export function rejectRevision(id: ResourceId, revision: number): never {
  const hint = 'see: towpath history KIND NAME; 32 versions of each resource are kept';
  return rejectRequest(404, [{ code: 'TWP1017', message: `revision ${revision} of ${id} is not kept`, hint }]);
}

async function describeVersion(
  parts: ControlParts,
  id: ResourceId,
  kept: readonly BucketEntry[],
  entry: BucketEntry,
  finder: AuditFinder,
): Promise<Item> {
  const { revision, deleted, createdMs } = entry;
  const event = await finder.find(id, deleted ? null : revision, createdMs);
  return {
    revision,
    time: new Date(createdMs).toISOString(),
    operation: deleted ? 'delete' : 'put',
    generation: generationOf(id, entry),
    inForce: versionInForce(parts, id, kept) === revision,
    action: event?.action ?? null,
    author: event === null || event.author === '' ? null : event.author,
  };
}

/** The newest version that says what is in force; null when nothing is. A newer one may have been refused. */
function versionInForce(parts: ControlParts, id: ResourceId, kept: readonly BucketEntry[]): number | null {
  const generation = parts.state.resources.get(id)?.generation;
  if (generation === undefined) return null;
  return kept.find((entry) => generationOf(id, entry) === generation)?.revision ?? null;
}

function generationOf(id: ResourceId, { deleted, data }: BucketEntry): number | null {
  const read = deleted ? null : decodeStored(id, data);
  return read?.ok === true ? read.value.generation : null;
}

function manifestOf(data: Uint8Array): unknown {
  const text = Buffer.from(data).toString('utf8');
  const documents = parseYamlDocuments(text);
  return documents.ok && documents.value.length === 1 ? documents.value[0] : text;
}
