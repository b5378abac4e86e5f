/**
 * Which entry of a port's routes decides on a request, and why those before it do not. Every answer comes from the function that matches
 * traffic (`matchRoute`): asked about one entry, and about one condition of it, at a time. Pure.
 */
import type { EntryTrace } from '../../contract/decision-trace.ts';
import type { HttpRoutingView, RouteEntryView } from '../../contract/views.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { compileRouting, matchRoute } from '../policy/match-route.ts';

/** Entries whose conditions are told. */
const MAX_TOLD = 50;

export interface ExplainedEntries {
  readonly tried: EntryTrace[];
  readonly untold: { readonly before: number; readonly after: number };
  /** Index into the view's actions; -1: nothing matches. */
  readonly action: number;
}

export function explainEntries(view: HttpRoutingView, head: MessageHead, bytes: Buffer): ExplainedEntries {
  const { entries } = view;
  const found = entries.findIndex((entry) => matches(entry, head, bytes));
  const last = found < 0 ? entries.length - 1 : found;
  const first = Math.max(0, last - MAX_TOLD + 1);
  const told = entries.slice(first, last + 1);
  return {
    tried: told.map((entry, i) => explainEntry(view, entry, first + i, head, bytes)),
    untold: { before: first, after: entries.length - 1 - last },
    action: found < 0 ? -1 : (entries[found]?.action ?? -1),
  };
}

function explainEntry(
  view: HttpRoutingView,
  entry: RouteEntryView,
  place: number,
  head: MessageHead,
  bytes: Buffer,
): EntryTrace {
  const action = view.actions[entry.action];
  return {
    place,
    route: action?.route ?? '',
    rule: action?.rule ?? '',
    matches: matches(entry, head, bytes),
    conditions: conditionsOf(entry).map(([what, alone]) => ({ what, matches: matches(alone, head, bytes) })),
  };
}

const ANY: RouteEntryView = { path: null, method: null, headers: [], query: [], action: 0 };

/** Each condition in words, and as an entry that has no other. */
function conditionsOf({ path, method, headers, query, cookies = [] }: RouteEntryView): [string, RouteEntryView][] {
  return [
    ...(path === null ? [] : [[`path ${path.type} ${path.value}`, { ...ANY, path }] as [string, RouteEntryView]]),
    ...(method === null ? [] : [[`method ${method}`, { ...ANY, method }] as [string, RouteEntryView]]),
    ...headers.map((one): [string, RouteEntryView] => [worded('header', one), { ...ANY, headers: [one] }]),
    ...query.map((one): [string, RouteEntryView] => [worded('query', one), { ...ANY, query: [one] }]),
    ...cookies.map((one): [string, RouteEntryView] => [worded('cookie', one), { ...ANY, cookies: [one] }]),
  ];
}

function worded(what: string, { name, value, type }: RouteEntryView['headers'][number]): string {
  return `${what} ${name} ${type === 'RegularExpression' ? '~' : '='} ${value}`;
}

function matches(entry: RouteEntryView, head: MessageHead, bytes: Buffer): boolean {
  return matchRoute(compileRouting({ entries: [{ ...entry, action: 0 }], actions: [] }), head, bytes) === 0;
}
