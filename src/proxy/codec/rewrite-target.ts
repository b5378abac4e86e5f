/**
 * Another path for a request, with the query kept (Gateway API HTTPPathModifier). The path is taken as it was sent: nothing is decoded,
 * so what matched is what is replaced. A value of the route is percent-encoded where a target needs it.
 */
import type { PathRewriteView } from '../../contract/route-views.ts';
import type { MessageHead } from './message-head.ts';

export interface PathRewrite {
  /** Bytes at the start of the path that `value` takes the place of; WHOLE = all. */
  readonly prefixLength: number;
  /** In the place of a prefix without a slash at its end, '' for the root. */
  readonly value: string;
}

export const WHOLE = -1;
/** Printable ASCII that may stand in a path: no blank, `#` or `?`, and what already is an escape stays one. */
const NOT_PATH = /[^\x21\x22\x24-\x3e\x40-\x7e]/g;

export function compilePathRewrite(view: PathRewriteView): PathRewrite {
  if (view.type === 'ReplaceFullPath') return { prefixLength: WHOLE, value: withRoot(encode(view.value)) };
  const prefix = Buffer.byteLength(withoutSlash(view.prefix), 'utf8');
  const value = withoutSlash(encode(view.value));
  return { prefixLength: prefix, value: value === '' ? '' : withRoot(value) };
}

function withRoot(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** Bytes that cannot stand in a target as `%XX` of UTF-8. */
function encode(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1').replace(NOT_PATH, escapeByte);
}

function escapeByte(char: string): string {
  return `%${(0x100 + char.charCodeAt(0)).toString(16).slice(1).toUpperCase()}`;
}

/** The new path of the request, without its query. Latin1. @param rewrite null: the path stays */
export function newPath(bytes: Buffer, head: MessageHead, rewrite: PathRewrite | null): string {
  if (rewrite !== null && rewrite.prefixLength === WHOLE) return rewrite.value;
  const path = bytes.toString('latin1', head.pathAt, head.pathAt + head.pathLength);
  if (rewrite === null) return path === '' ? '/' : path;
  return rewrite.value + path.slice(rewrite.prefixLength) || '/';
}

/** `?` and the query, or ''. Latin1. */
export function queryOf(bytes: Buffer, head: MessageHead): string {
  return head.queryLength === 0 ? '' : `?${bytes.toString('latin1', head.queryAt, head.queryAt + head.queryLength)}`;
}
