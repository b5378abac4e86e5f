/** Which requests may be sent again when nothing of an answer was seen. */
import { findField } from './codec/find-field.ts';
import type { MessageHead } from './codec/message-head.ts';

/** RFC 9110 9.2.2. Any other method may have had its effect although the answer was lost. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const G = 0x47;

/** By its method. */
export function isIdempotent(bytes: Buffer, head: MessageHead): boolean {
  const { methodAt, methodLength } = head;
  if (methodLength === 3 && bytes[methodAt] === G) return true;
  return methodLength <= 7 && IDEMPOTENT.has(bytes.toString('latin1', methodAt, methodAt + methodLength));
}

/** By its method, or because its server recognises it by the Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). */
export function mayBeRepeated(bytes: Buffer, head: MessageHead): boolean {
  return isIdempotent(bytes, head) || findField(bytes, head, 'idempotency-key') >= 0;
}
