/** What a route changes in a head, compiled once per view: one operation per field name, and another path. */
import type { HeaderEditView, RewriteView } from '../../../contract/views.ts';
import { isTokenByte } from '../../../protocol-sniff/token.ts';
import { compilePathRewrite, type PathRewrite } from '../rewrite-target.ts';
import { constantBytes } from './bytes.ts';

export interface HeaderEdit {
  readonly name: string;
  readonly lowerName: Uint8Array;
  /** What is there goes; `value` takes its place. Otherwise `value` is appended to what is there. */
  readonly replaces: boolean;
  /** null: nothing is written. */
  readonly value: string | null;
}

export interface CompiledEdits {
  readonly edits: readonly HeaderEdit[];
  /** Requests: the path that they get; null = theirs. */
  readonly path: PathRewrite | null;
  /** One of the edits sets Host. */
  readonly setsHost: boolean;
  /** Most bytes that the edits can add to a head. */
  readonly maxBytes: number;
  /** Edits left out because they would touch framing or break a line; admission should have refused them. */
  readonly ignored: readonly string[];
}

/** Framing and hop-by-hop fields are written by the codec alone. */
const CODEC_ONLY = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

interface Draft {
  name: string;
  replaces: boolean;
  values: string[];
}

/**
 * Folds several levels (the rule's edits, then the backend's) into one. `set` replaces, `add` appends with a comma or
 * makes a new line, `remove` cuts every line of the name (Gateway API HTTPHeaderFilter). null when there is nothing to do.
 */
export function compileHeaderEdits(...levels: readonly (HeaderEditView | null)[]): CompiledEdits | null {
  const drafts = new Map<string, Draft>();
  const ignored: string[] = [];
  const draftOf = (name: string): Draft => {
    const key = name.toLowerCase();
    const draft = drafts.get(key) ?? { name, replaces: false, values: [] };
    drafts.set(key, draft);
    return draft;
  };
  for (const level of levels) {
    for (const { name, value } of level?.set ?? []) {
      if (!isAllowed(name, value, 'set')) ignored.push(name);
      else Object.assign(draftOf(name), { name, replaces: true, values: [value] });
    }
    for (const { name, value } of level?.add ?? []) {
      if (isAllowed(name, value, 'add')) draftOf(name).values.push(value);
      else ignored.push(name);
    }
    for (const name of level?.remove ?? []) {
      if (isAllowed(name, '', 'remove')) Object.assign(draftOf(name), { replaces: true, values: [] });
      else ignored.push(name);
    }
  }
  if (drafts.size === 0 && ignored.length === 0) return null;
  const edits = [...drafts.values()].map(finish);
  const maxBytes = edits.reduce((sum, edit) => sum + edit.name.length + (edit.value?.length ?? 0) + 4, 0);
  return { edits, path: null, setsHost: drafts.has('host'), maxBytes, ignored };
}

/**
 * As `compileHeaderEdits`, with the rewrites of the levels (Gateway API HTTPURLRewriteFilter): the last one that has a host or a
 * path counts, and its host is stronger than any edit.
 */
export function compileRequestEdits(
  levels: readonly (HeaderEditView | null)[],
  rewrites: readonly (RewriteView | undefined)[],
): CompiledEdits | null {
  const hostname = rewrites.findLast((rewrite) => rewrite?.hostname !== undefined)?.hostname;
  const path = rewrites.findLast((rewrite) => rewrite?.path !== undefined)?.path;
  const host = hostname === undefined ? null : { set: [{ name: 'Host', value: hostname }], add: [], remove: [] };
  const edits = compileHeaderEdits(...levels, host);
  if (path === undefined) return edits;
  const compiled = compilePathRewrite(path);
  const { maxBytes, ...rest } = edits ?? NOTHING;
  return { ...rest, path: compiled, maxBytes: maxBytes + compiled.value.length + 1 };
}

const NOTHING: CompiledEdits = { edits: [], path: null, setsHost: false, maxBytes: 0, ignored: [] };

function finish(draft: Draft): HeaderEdit {
  return {
    name: draft.name,
    lowerName: constantBytes(draft.name.toLowerCase()),
    replaces: draft.replaces,
    value: draft.values.length === 0 ? null : draft.values.join(','),
  };
}

/** Host may be set but never doubled or removed; a value must stay on its line (RFC 9110 5.5). */
function isAllowed(name: string, value: string, verb: 'set' | 'add' | 'remove'): boolean {
  const lower = name.toLowerCase();
  if (CODEC_ONLY.has(lower) || (lower === 'host' && verb !== 'set') || name.length === 0) return false;
  for (const char of name) if (!isTokenByte(char.charCodeAt(0)) || char.length > 1) return false;
  return isFieldValue(value);
}

/** True for printable latin1 text with blanks inside: what can stand in a field value. */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}
