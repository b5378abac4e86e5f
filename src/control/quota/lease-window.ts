/** The arithmetic of leases, pure: what one request for tokens of one bucket makes of its record. The sum granted in a window never exceeds the limit. */
import type { LimitView } from '../../contract/limit-views.ts';
import {
  type LeaseAsk,
  type LeaseGrant,
  MAX_LEASE_HOSTS,
  type QuotaRecord,
  type QuotaWindow,
} from '../../contract/quota-messages.ts';

/** Tokens of the next window are given out this share of a window before it begins, and at least that many ms. */
const AHEAD_SHARE = 0.1;
const AHEAD_MS = 1_000;
/** One request gets at most what is left, divided by the hosts that ask and by this: the last tokens go out one by one. */
const CAUTION = 2;
const THRESHOLDS = [100, 80] as const;

export interface LeaseOutcome {
  readonly record: QuotaRecord;
  readonly grant: LeaseGrant;
  /** The record differs from the one before: it must be stored before the answer goes out. */
  readonly changed: boolean;
  /** Percent of the limit that is used for the first time in this window; null: nothing to tell. */
  readonly crossed: 80 | 100 | null;
}

export interface Asker {
  readonly host: string;
  readonly boot: string;
}

/**
 * @param record null: nothing was granted yet
 * @param nowMs of the clock that all controls share
 */
export function lease(
  record: QuotaRecord | null,
  ask: LeaseAsk,
  { host, boot }: Asker,
  limit: LimitView,
  service: string,
  nowMs: number,
): LeaseOutcome {
  const now = Math.max(0, Math.floor(nowMs));
  const { rule, caller, key } = ask;
  const rolled = roll(record, limit, now);
  const { told } = rolled;
  const current = settle(charge(rolled.current, ask, host, boot), ask, host, boot);
  const next = rolled.next === null ? null : settle(rolled.next, ask, host, boot);
  // Asked for ahead, but what it would have been ahead of is over: then for the one that runs.
  const isAhead = ask.ahead && ask.window === current.start;
  const target = isAhead ? (next ?? emptyWindow(current.start + limit.windowMs)) : current;
  const peers = Math.max(1, rolled.peers, hostsOf(current), hostsOf(next));
  const isEarly = isAhead && !mayLookAhead(current, limit, now);
  const { window, granted } = isEarly
    ? { window: target, granted: 0 }
    : grantFrom(target, ask, host, boot, limit, peers);
  const currentNow = isAhead ? current : window;
  const nextNow = isAhead && !isEarly ? window : next;
  const crossed = crossedBy(usedOf(currentNow), limit.requests, told);
  const made: QuotaRecord = {
    ...{ rule, caller, key, service, requests: limit.requests, windowMs: limit.windowMs },
    current: currentNow,
    next: nextNow,
    peers: rolled.peers,
    told: crossed ?? told,
  };
  const changed = record === null || JSON.stringify(made) !== JSON.stringify(record);
  const startsIn = isAhead ? Math.max(0, window.start - now) : 0;
  return { record: made, changed, grant: tell(window, granted, host, limit, startsIn, now), crossed };
}

function tell(
  window: QuotaWindow,
  granted: number,
  host: string,
  { requests, windowMs }: LimitView,
  startsIn: number,
  now: number,
): LeaseGrant {
  // A window that began in the future, by the clock of another control, runs all the same.
  const age = startsIn > 0 ? -startsIn : Math.max(0, now - window.start);
  return {
    result: 'ok',
    granted,
    window: window.start,
    startsIn,
    endsIn: Math.max(0, windowMs - age),
    limit: requests,
    remaining: Math.max(0, requests - window.granted),
    outstanding: Object.entries(window.hosts).some(([other, { left }]) => other !== host && left > 0),
  };
}

/** The windows that count now. */
function roll(
  record: QuotaRecord | null,
  limit: LimitView,
  now: number,
): Pick<QuotaRecord, 'current' | 'next' | 'told' | 'peers'> {
  if (record === null) return { current: emptyWindow(firstStart(limit, now)), next: null, told: 0, peers: 1 };
  const { current, next, told, peers } = record;
  // While a window lasts by the length that is in force, its grants count.
  if (now < current.start + limit.windowMs) return { current, next, told, peers };
  const before = Math.max(1, hostsOf(current));
  // What was granted ahead counts until its own end, even if it begins a little later than now.
  if (next !== null && now < next.start + limit.windowMs) return { current: next, next: null, told: 0, peers: before };
  return { current: emptyWindow(firstStart(limit, now)), next: null, told: 0, peers: before };
}

function firstStart({ calendar, windowMs }: LimitView, now: number): number {
  return calendar === true ? Math.floor(now / windowMs) * windowMs : now;
}

function emptyWindow(start: number): QuotaWindow {
  return { start, granted: 0, hosts: {} };
}

function mayLookAhead(current: QuotaWindow, { windowMs }: LimitView, now: number): boolean {
  return current.start + windowMs - now <= Math.max(AHEAD_MS, windowMs * AHEAD_SHARE);
}

/** Counts what the host has let through without a lease. It may exceed the limit: then nobody gets more in this window. */
function charge(window: QuotaWindow, { spent, seq }: LeaseAsk, host: string, boot: string): QuotaWindow {
  const known = window.hosts[host];
  const isRepeat = known !== undefined && known.boot === boot && seq <= known.seq;
  if (spent === 0 || isRepeat) return window;
  const before = known === undefined || known.boot !== boot ? { boot, total: 0, left: 0 } : known;
  const entry = { ...before, seq: seq - 1, last: 0, total: before.total + spent };
  const isRoom = known !== undefined || Object.keys(window.hosts).length < MAX_LEASE_HOSTS;
  const hosts = isRoom ? { ...window.hosts, [host]: entry } : window.hosts;
  return { ...window, granted: window.granted + spent, hosts };
}

/** Takes in what the host gives back and what it says is left. A repeated request gives nothing back twice. */
function settle(window: QuotaWindow, ask: LeaseAsk, host: string, boot: string): QuotaWindow {
  const known = window.hosts[host];
  if (known === undefined || known.boot !== boot || ask.window !== window.start || ask.seq <= known.seq) return window;
  // Never more than the host was granted: whatever it says, it cannot bring tokens of others back.
  const back = Math.min(ask.back, known.total);
  const total = known.total - back;
  const left = Math.min(ask.left, total);
  const hosts = { ...window.hosts, [host]: { ...known, seq: ask.seq, last: 0, total, left } };
  return { ...window, granted: window.granted - back, hosts };
}

interface Granted {
  readonly window: QuotaWindow;
  readonly granted: number;
}

function grantFrom(
  window: QuotaWindow,
  ask: LeaseAsk,
  host: string,
  boot: string,
  limit: LimitView,
  peers: number,
): Granted {
  const known = window.hosts[host];
  const isKnown = known !== undefined && known.boot === boot;
  // An answer that was lost: the same again. `settle` has noted a new request of this window with nothing granted.
  const isRepeat = isKnown && (ask.seq < known.seq || (ask.seq === known.seq && known.last > 0));
  if (isRepeat) return { window, granted: ask.seq === known.seq ? known.last : 0 };
  const remaining = Math.max(0, limit.requests - window.granted);
  const block = Math.max(1, Math.floor(remaining / (CAUTION * peers)));
  const granted = Math.min(ask.want, block, remaining);
  const total = (isKnown ? known.total : 0) + granted;
  const left = (isKnown && ask.window === window.start ? Math.min(ask.left, known.total) : 0) + granted;
  const isRoom = known !== undefined || Object.keys(window.hosts).length < MAX_LEASE_HOSTS;
  const entry = { boot, seq: ask.seq, last: granted, total, left };
  const hosts = isRoom ? { ...window.hosts, [host]: entry } : window.hosts;
  return { window: { ...window, granted: window.granted + granted, hosts }, granted };
}

function hostsOf(window: QuotaWindow | null): number {
  return window === null ? 0 : Object.keys(window.hosts).length;
}

/** Tokens that were really used, as far as the hosts have told. */
export function usedOf({ granted, hosts }: QuotaWindow): number {
  return Math.max(0, granted - Object.values(hosts).reduce((sum, { left }) => sum + left, 0));
}

function crossedBy(used: number, limit: number, told: number): 80 | 100 | null {
  if (limit === 0) return null;
  return THRESHOLDS.find((percent) => percent > told && used * 100 >= limit * percent) ?? null;
}
