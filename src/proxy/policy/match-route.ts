/**
 * Finds the route entry for a request (Gateway API HTTPRouteMatch). Entries come in precedence order, so the first match
 * decides. Works on the head's bytes: query parameters are decoded, and a path that can be read in several ways is resolved. Allocates only where a regular
 * expression, a query, a cookie or a repeated header must be compared.
 */
import type { HttpRoutingView, RouteEntryView } from '../../contract/views.ts';
import type { Regex } from '../../core/regex.ts';
import { constantBytes, equalsExact, equalsLower } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { compileValues, matchesBytes, matchesText, regexOf, type WantedValue } from './match-value.ts';
import { isPlainPath, PathReadings, RESOLVED } from './path-readings.ts';
import { RequestWords } from './request-words.ts';

const PATH_ANY = 0;
const PATH_EXACT = 1;
const PATH_PREFIX = 2;
const PATH_REGEX = 3;
const SLASH = 0x2f;
const ROOT = constantBytes('/');
const HOST = 'host';
const NO_PATH = Buffer.alloc(0);

interface CompiledEntry {
  readonly pathType: number;
  /** A prefix comes without its trailing slash. */
  readonly path: Uint8Array;
  readonly pathRegex: Regex | null;
  readonly method: Uint8Array | null;
  /** null: any. */
  readonly host: WantedValue | null;
  readonly headers: readonly WantedValue[];
  readonly query: readonly WantedValue[];
  readonly cookies: readonly WantedValue[];
  readonly action: number;
}

export interface CompiledRouting {
  readonly entries: readonly CompiledEntry[];
  /** Some entry looks at the path. */
  readonly looksAtPath: boolean;
}

/** Prepares a view once, when it arrives. */
export function compileRouting(view: HttpRoutingView): CompiledRouting {
  const entries = view.entries.map(compileEntry);
  return { entries, looksAtPath: entries.some(({ pathType }) => pathType !== PATH_ANY) };
}

function compileEntry(entry: RouteEntryView): CompiledEntry {
  const { path } = entry;
  const isPrefix = path?.type === 'PathPrefix';
  const text = isPrefix ? path.value.replace(/\/+$/, '') : (path?.value ?? '');
  const headers = compileValues(entry.headers);
  return {
    pathType: pathTypeOf(path, text),
    path: new Uint8Array(Buffer.from(text, 'utf8')),
    pathRegex: path?.type === 'RegularExpression' ? regexOf(text) : null,
    method: entry.method === null ? null : constantBytes(entry.method),
    host: headers.find(isHost) ?? null,
    headers: headers.filter((header) => !isHost(header)),
    query: compileValues(entry.query),
    cookies: compileValues(entry.cookies ?? []),
    action: entry.action,
  };
}

function isHost({ name }: WantedValue): boolean {
  return name.toLowerCase() === HOST;
}

/** The prefix "/" is every path. */
function pathTypeOf(path: RouteEntryView['path'], text: string): number {
  if (path === null || (path.type === 'PathPrefix' && text === '')) return PATH_ANY;
  if (path.type === 'RegularExpression') return PATH_REGEX;
  return path.type === 'PathPrefix' ? PATH_PREFIX : PATH_EXACT;
}

const words = new RequestWords();
const readings = new PathReadings();

/**
 * Index into the view's `actions` of the first entry that matches the head, or -1. `bytes` is the memory that the head's
 * offsets refer to.
 */
export function matchRoute(routing: CompiledRouting, head: MessageHead, bytes: Buffer): number {
  const { entries } = routing;
  words.forget();
  if (routing.looksAtPath && !isPlainPath(bytes, head.pathAt, head.pathLength))
    return matchResolved(routing, head, bytes);
  return firstMatch(entries, head, bytes, bytes, head.pathAt, head.pathLength);
}

/** A path that can be read in several ways is resolved first, as authorization does: both mean the same resource. Cold. */
function matchResolved({ entries }: CompiledRouting, head: MessageHead, bytes: Buffer): number {
  readings.read(bytes, head.pathAt, head.pathLength);
  const path = readings.count === 0 ? NO_PATH : (readings.bytes as Buffer);
  return firstMatch(entries, head, bytes, path, readings.startOf(RESOLVED), readings.lengthOf(RESOLVED));
}

function firstMatch(
  entries: readonly CompiledEntry[],
  head: MessageHead,
  bytes: Buffer,
  path: Buffer,
  pathAt: number,
  pathLength: number,
): number {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as CompiledEntry;
    const { pathRegex } = entry;
    // An expression is for the path as it came: it may be about its very encoding.
    const isThere =
      pathRegex === null ? matchesPath(entry, head, path, pathAt, pathLength) : matchesPattern(pathRegex, head, bytes);
    if (isThere && matchesRest(entry, head, bytes)) return entry.action;
  }
  return -1;
}

function matchesRest(entry: CompiledEntry, head: MessageHead, bytes: Buffer): boolean {
  const { method, host, headers, query, cookies } = entry;
  if (method !== null && !equalsExact(bytes, head.methodAt, head.methodLength, method)) return false;
  if (host !== null && !matchesHost(host, head, bytes)) return false;
  for (let i = 0; i < headers.length; i++) {
    if (!matchesHeader(headers[i] as WantedValue, head, bytes)) return false;
  }
  return (
    (query.length === 0 || matchesAll(query, words.parameters(head, bytes))) &&
    (cookies.length === 0 || matchesAll(cookies, words.cookies(head, bytes)))
  );
}

function matchesAll(wanted: readonly WantedValue[], values: ReadonlyMap<string, string>): boolean {
  return wanted.every((one) => {
    const value = values.get(one.name);
    return value !== undefined && matchesText(one, value);
  });
}

/** Per path element and case-sensitively: `/v2` is a prefix of `/v2`, `/v2/` and `/v2/x`, but not of `/v2x`. */
function matchesPath(entry: CompiledEntry, head: MessageHead, bytes: Buffer, at: number, length: number): boolean {
  const { path, pathType } = entry;
  if (pathType === PATH_ANY) return true;
  // http://host without a path means the path "/" (RFC 9110 4.2.3).
  if (length === 0) return pathType === PATH_EXACT && head.absoluteForm && equalsExact(ROOT, 0, 1, path);
  if (pathType === PATH_EXACT) return equalsExact(bytes, at, length, path);
  if (length < path.length || !equalsExact(bytes, at, path.length, path)) return false;
  return length === path.length || bytes[at + path.length] === SLASH;
}

function matchesPattern(regex: Regex, head: MessageHead, bytes: Buffer): boolean {
  if (head.pathLength === 0) return head.absoluteForm && regex.matchesWhole('/');
  return regex.matchesWhole(bytes.toString('latin1', head.pathAt, head.pathAt + head.pathLength));
}

/** The host that the request is for, wherever it is named: `:authority`, the target in absolute form, Host. */
function matchesHost(host: WantedValue, head: MessageHead, bytes: Buffer): boolean {
  return head.authorityLength > 0 && matchesBytes(host, bytes, head.authorityAt, head.authorityLength);
}

/** A field that came several times has the joined value (RFC 9110 5.3). */
function matchesHeader(header: WantedValue, head: MessageHead, bytes: Buffer): boolean {
  const { lowerName } = header;
  let first = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lowerName)) continue;
    if (first >= 0) return matchesText(header, joinedValue(lowerName, head, bytes));
    first = i;
  }
  return first >= 0 && matchesBytes(header, bytes, head.valueAt[first] as number, head.valueLength[first] as number);
}

function joinedValue(lowerName: Uint8Array, head: MessageHead, bytes: Buffer): string {
  const parts: string[] = [];
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lowerName)) continue;
    const at = head.valueAt[i] as number;
    parts.push(bytes.toString('utf8', at, at + (head.valueLength[i] as number)));
  }
  return parts.join(', ');
}
