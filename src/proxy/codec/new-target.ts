import type { CompiledEdits } from './http1/header-edits.ts';
import type { MessageHead } from './message-head.ts';
import { newPath, queryOf } from './rewrite-target.ts';

/**
 * The target in origin form that a request gets by these edits, or null when its own stays. A target in absolute form would
 * overrule the Host that an edit sets (RFC 9112 3.2.2), so it loses its authority then.
 */
export function newTarget(bytes: Buffer, head: MessageHead, edits: CompiledEdits | null): string | null {
  if (edits === null || !head.isRequest || head.isConnect) return null;
  const { path, setsHost } = edits;
  if (path === null && !(setsHost && head.absoluteForm)) return null;
  // `*` of OPTIONS is no path.
  if (head.pathLength === 0 && !head.absoluteForm) return null;
  return newPath(bytes, head, path) + queryOf(bytes, head);
}
