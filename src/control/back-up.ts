import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { BACKUP_FORMAT, type BackupReply, backupRequestSchema } from '../contract/operator-messages.ts';
import { resourceId } from '../resources/index.ts';
import type { ControlParts } from './control-parts.ts';
import { rejectRequest } from './reject-request.ts';
import { storedManifest } from './stored-form.ts';

const MAX_ANSWER_BYTES = 700_000;
const EMPTY = new TextEncoder().encode('{}');

/**
 * `control.mesh.backup`: the desired state as it is stored, with generations, times of creation and virtual IPs, by id. In parts: `next` tells where
 * to go on; parts belong together when their `edition` is the same.
 */
export function backUpMesh(parts: ControlParts, request: BusMessage): BackupReply {
  const body = decodeJson(request.data.length === 0 ? EMPTY : request.data, backupRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { after = '' } = body.value;
  const head: Omit<BackupReply, 'resources'> = {
    format: BACKUP_FORMAT,
    mesh: parts.settings.mesh,
    ...parts.publisher.generation,
    edition: parts.state.edition,
  };
  const resources: BackupReply['resources'] = [];
  let bytes = 0;
  let last = '';
  for (const stored of parts.state.resources.list()) {
    const id = resourceId(stored.resource);
    if (id <= after) continue;
    const manifest = { ...storedManifest(stored) };
    bytes += Buffer.byteLength(JSON.stringify(manifest));
    if (bytes > MAX_ANSWER_BYTES && resources.length > 0) return { ...head, resources, next: last };
    resources.push(manifest);
    last = id;
  }
  return { ...head, resources };
}
