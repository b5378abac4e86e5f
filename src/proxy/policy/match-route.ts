/**
 * Finds the route entry for a request (Gateway API HTTPRouteMatch). Entries come in precedence order, so the first match
 * decides. Works on the head's bytes; allocates only where a query or a repeated header must be compared.
 */
import type { HttpRoutingView, NameValue, RouteEntryView } from '../../contract/views.ts';
import { constantBytes, equalsExact, equalsLower } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { matchesQuery } from './match-query.ts';

const PATH_ANY = 0;
const PATH_EXACT = 1;
const PATH_PREFIX = 2;
const SLASH = 0x2f;
const ROOT = constantBytes('/');

interface CompiledHeader {
  readonly lowerName: Uint8Array;
  readonly value: Uint8Array;
}

interface CompiledEntry {
  readonly pathType: number;
  /** A prefix comes without its trailing slash. */
  readonly path: Uint8Array;
  readonly method: Uint8Array | null;
  readonly headers: readonly CompiledHeader[];
  readonly query: readonly NameValue[];
  readonly action: number;
}

export interface CompiledRouting {
  readonly entries: readonly CompiledEntry[];
}

/** Prepares a view once, when it arrives. */
export function compileRouting(view: HttpRoutingView): CompiledRouting {
  return { entries: view.entries.map(compileEntry) };
}

function compileEntry(entry: RouteEntryView): CompiledEntry {
  const { path } = entry;
  const isPrefix = path?.type === 'PathPrefix';
  const text = isPrefix ? path.value.replace(/\/+$/, '') : (path?.value ?? '');
  // The prefix "/" is every path.
  const pathType = path === null || (isPrefix && text === '') ? PATH_ANY : isPrefix ? PATH_PREFIX : PATH_EXACT;
  return {
    pathType,
    path: utf8Bytes(text),
    method: entry.method === null ? null : constantBytes(entry.method),
    headers: distinctNames(entry.headers).map(({ name, value }) => ({
      lowerName: constantBytes(name.toLowerCase()),
      value: utf8Bytes(value),
    })),
    query: distinctNames(entry.query),
    action: entry.action,
  };
}

/** Only the first entry of a name counts (Gateway API HTTPHeaderMatch, HTTPQueryParamMatch). */
function distinctNames(list: readonly NameValue[]): NameValue[] {
  return list.filter((item, i) => list.findIndex((other) => other.name === item.name) === i);
}

function utf8Bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

/**
 * Index into the view's `actions` of the first entry that matches the head, or -1. `bytes` is the memory that the head's
 * offsets refer to.
 */
export function matchRoute(routing: CompiledRouting, head: MessageHead, bytes: Buffer): number {
  const { entries } = routing;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as CompiledEntry;
    if (matchesEntry(entry, head, bytes)) return entry.action;
  }
  return -1;
}

function matchesEntry(entry: CompiledEntry, head: MessageHead, bytes: Buffer): boolean {
  const { method, headers, query } = entry;
  if (!matchesPath(entry, head, bytes)) return false;
  if (method !== null && !equalsExact(bytes, head.methodAt, head.methodLength, method)) return false;
  for (let i = 0; i < headers.length; i++) {
    if (!matchesHeader(headers[i] as CompiledHeader, head, bytes)) return false;
  }
  return query.length === 0 || matchesQuery(query, head, bytes);
}

/** Per path element and case-sensitively: `/v2` is a prefix of `/v2`, `/v2/` and `/v2/x`, but not of `/v2x`. */
function matchesPath(entry: CompiledEntry, head: MessageHead, bytes: Uint8Array): boolean {
  const { path, pathType } = entry;
  if (pathType === PATH_ANY) return true;
  const length = head.pathLength;
  // http://host without a path means the path "/" (RFC 9110 4.2.3).
  if (length === 0) return pathType === PATH_EXACT && head.absoluteForm && equalsExact(ROOT, 0, 1, path);
  if (pathType === PATH_EXACT) return equalsExact(bytes, head.pathAt, length, path);
  if (length < path.length || !equalsExact(bytes, head.pathAt, path.length, path)) return false;
  return length === path.length || bytes[head.pathAt + path.length] === SLASH;
}

/** Exact value. A field that came several times has the joined value (RFC 9110 5.3). */
function matchesHeader(header: CompiledHeader, head: MessageHead, bytes: Buffer): boolean {
  const { lowerName, value } = header;
  let first = -1;
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lowerName)) continue;
    if (first >= 0) return joinedValue(lowerName, head, bytes).equals(value);
    first = i;
  }
  return first >= 0 && equalsExact(bytes, head.valueAt[first] as number, head.valueLength[first] as number, value);
}

function joinedValue(lowerName: Uint8Array, head: MessageHead, bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < head.fieldCount; i++) {
    if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lowerName)) continue;
    if (parts.length > 0) parts.push(constantBytes(', '));
    const at = head.valueAt[i] as number;
    parts.push(bytes.subarray(at, at + (head.valueLength[i] as number)));
  }
  return Buffer.concat(parts);
}
