/** Query parameters as routes see them: split at `&`, names and values percent-decoded, the first of a repeated name counts. */
import type { NameValue } from '../../contract/views.ts';
import type { MessageHead } from '../codec/message-head.ts';

/** Parameters looked at; what comes after cannot match, so that a long query cannot cost much. */
const MAX_PARAMETERS = 256;

/** True if every wanted parameter has its value. A parameter without `=` has the empty value. `+` is a plus sign. */
export function matchesQuery(wanted: readonly NameValue[], head: MessageHead, bytes: Buffer): boolean {
  if (head.queryLength === 0) return false;
  const query = bytes.toString('latin1', head.queryAt, head.queryAt + head.queryLength);
  const parameters = new Map<string, string>();
  for (const part of query.split('&', MAX_PARAMETERS)) {
    const equals = part.indexOf('=');
    const name = percentDecode(equals < 0 ? part : part.slice(0, equals));
    if (name !== '' && !parameters.has(name))
      parameters.set(name, equals < 0 ? '' : percentDecode(part.slice(equals + 1)));
  }
  return wanted.every(({ name, value }) => parameters.get(name) === value);
}

/** UTF-8 by RFC 3986 2.1; text that is not properly encoded stays as it is. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
