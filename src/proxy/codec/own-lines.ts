/** Fields of ours in a head that is sent on, written as edits so that the writers of both protocols know them. */
import type { NameValue } from '../../contract/views.ts';
import { constantBytes } from './http1/bytes.ts';
import type { CompiledEdits, HeaderEdit } from './http1/header-edits.ts';

export interface OwnField extends NameValue {
  /** It takes the place of fields of its name; else it is a line of its own, as Set-Cookie must be (RFC 6265 3). */
  readonly replaces: boolean;
}

/** No field has this name: the edit is a line of its own. */
const NOBODY = new Uint8Array(0);
const NOTHING: CompiledEdits = { edits: [], path: null, setsHost: false, maxBytes: 0, ignored: [] };

/** The edits and the fields. Names in lower case; values must be fit for a field. */
export function addFields(edits: CompiledEdits | null, fields: readonly OwnField[]): CompiledEdits | null {
  if (fields.length === 0) return edits;
  const before = edits ?? NOTHING;
  const more = fields.map(editOf);
  const bytes = fields.reduce((sum, { name, value }) => sum + name.length + value.length + 4, 0);
  return { ...before, edits: [...before.edits, ...more], maxBytes: before.maxBytes + bytes };
}

function editOf({ name, value, replaces }: OwnField): HeaderEdit {
  return { name, lowerName: replaces ? constantBytes(name) : NOBODY, replaces, value };
}
