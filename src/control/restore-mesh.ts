import { gunzipSync } from 'node:zlib';
import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson } from '../contract/decode.ts';
import { REPLACE_HEADER } from '../contract/messages.ts';
import { type RestoreReply, restoreRequestSchema } from '../contract/operator-messages.ts';
import { changeAll } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { decodeBackup, planRestore } from './plan-restore.ts';
import { rejectRequest } from './reject-request.ts';

/** After unpacking. */
const MAX_BACKUP_BYTES = 64 * 1024 * 1024;
const MAX_WARNINGS = 100;

/**
 * `control.mesh.restore`: a backup, as JSON or gzipped JSON. Refused when the mesh has resources, unless the header `Towpath-Replace: true`
 * says that all that the backup does not have is to be deleted. Admitted as a whole, or not at all.
 */
export async function restoreMesh(parts: ControlParts, request: BusMessage): Promise<RestoreReply> {
  const body = decodeJson(unpack(request.data), restoreRequestSchema, MAX_BACKUP_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const replace = request.header(REPLACE_HEADER) === 'true';
  const backup = decodeBackup(body.value.resources, parts.state.creationTime(Date.now()));
  if (!backup.ok) return rejectRequest(400, backup.error);
  const { results, warnings, epoch, gen } = await changeAll(parts, request, 'restore', () => {
    const present = parts.state.resources.list().length;
    if (present > 0 && !replace) return rejectNotEmpty(present);
    return planRestore(parts.state.resources, backup.value);
  });
  const counts = { created: 0, updated: 0, unchanged: 0, deleted: 0, 'not-found': 0 };
  for (const { outcome } of results) counts[outcome]++;
  return { epoch, gen, counts, warnings: warnings.slice(0, MAX_WARNINGS) };
}

function rejectNotEmpty(present: number): never {
  const message = `the mesh is not empty: it has ${present} resources`;
  const hint = `with --replace (header ${REPLACE_HEADER}: true) all that the backup does not have is deleted`;
  return rejectRequest(409, [{ code: 'TWP1019', message, hint }]);
}

function unpack(data: Uint8Array): Uint8Array {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  try {
    return gunzipSync(data, { maxOutputLength: MAX_BACKUP_BYTES });
  } catch {
    return rejectRequest(400, [{ code: 'TWP0106', message: 'the gzipped backup cannot be unpacked, or is too large' }]);
  }
}
