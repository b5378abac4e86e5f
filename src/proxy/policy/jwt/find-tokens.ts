/** Where requests carry tokens. Cold: only workloads with a RequestAuthentication look. */
import type { JwtRuleView } from '../../../contract/jwt-views.ts';
import { constantBytes, equalsLower } from '../../codec/http1/bytes.ts';
import type { MessageHead } from '../../codec/message-head.ts';
import { RequestWords } from '../request-words.ts';

const words = new RequestWords();
const AUTHORIZATION = 'authorization';
const ACCESS_TOKEN = 'access_token';
const BEARER = /^bearer +/i;

export interface FoundToken {
  readonly text: string;
  /** The header that had it, in lower case; '' = the query or a cookie. */
  readonly header: string;
}

/**
 * The tokens that a request brings where the rule looks. A header that comes twice is told as a token that is none: which one a
 * program would take is not known.
 */
export function findTokens(rule: JwtRuleView, head: MessageHead, bytes: Buffer): FoundToken[] {
  const { fromHeaders, fromParams, fromCookies } = rule;
  words.forget();
  if (fromHeaders.length + fromParams.length + fromCookies.length === 0) {
    return [...bearerTokens(head, bytes), ...parameters([ACCESS_TOKEN], head, bytes)];
  }
  return [
    ...fromHeaders.flatMap(({ name, prefix }) => headerTokens(name.toLowerCase(), prefix, head, bytes)),
    ...parameters(fromParams, head, bytes),
    ...fromCookies.flatMap((name) => found(words.cookies(head, bytes).get(name))),
  ];
}

function bearerTokens(head: MessageHead, bytes: Buffer): FoundToken[] {
  return valuesOf(AUTHORIZATION, head, bytes).flatMap((value) =>
    BEARER.test(value) ? [{ text: value.replace(BEARER, ''), header: AUTHORIZATION }] : [],
  );
}

function headerTokens(header: string, prefix: string, head: MessageHead, bytes: Buffer): FoundToken[] {
  return valuesOf(header, head, bytes).flatMap((value) =>
    value.startsWith(prefix) ? [{ text: value.slice(prefix.length).trim(), header }] : [],
  );
}

/** Of a parameter that comes twice the first counts, as for routes; a second one makes two tokens. */
function parameters(names: readonly string[], head: MessageHead, bytes: Buffer): FoundToken[] {
  if (head.queryLength === 0) return [];
  const query = new URLSearchParams(bytes.toString('latin1', head.queryAt, head.queryAt + head.queryLength));
  return names.flatMap((name) => query.getAll(name).flatMap(found));
}

function found(text: string | undefined): FoundToken[] {
  return text === undefined || text === '' ? [] : [{ text, header: '' }];
}

function valuesOf(lowerName: string, head: MessageHead, bytes: Buffer): string[] {
  const name = constantBytes(lowerName);
  const values: string[] = [];
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, name)) continue;
    const at = head.valueAt[i] as number;
    values.push(bytes.toString('latin1', at, at + (head.valueLength[i] as number)));
  }
  return values;
}
