import { constantBytes, equalsExact } from './http1/bytes.ts';
import type { CompiledEdits } from './http1/header-edits.ts';
import type { MessageHead } from './message-head.ts';
import { newPath, queryOf } from './rewrite-target.ts';

const OPTIONS = constantBytes('OPTIONS');

/**
 * The target in origin form that a request gets by these edits, or null when its own stays. A target in absolute form would
 * overrule the Host that an edit sets (RFC 9112 3.2.2), so it loses its authority then.
 */
export function newTarget(bytes: Buffer, head: MessageHead, edits: CompiledEdits | null): string | null {
  if (edits === null || !head.isRequest || head.isConnect) return null;
  const { path, setsHost } = edits;
  if (path === null && !(setsHost && head.absoluteForm)) return null;
  if (head.pathLength === 0 && isServerWide(bytes, head)) return '*';
  return newPath(bytes, head, path) + queryOf(bytes, head);
}

/** OPTIONS without a path and a query asks about the server as a whole, and no path is put in (RFC 9112 3.2.4). */
function isServerWide(bytes: Buffer, head: MessageHead): boolean {
  return head.queryLength === 0 && equalsExact(bytes, head.methodAt, head.methodLength, OPTIONS);
}
