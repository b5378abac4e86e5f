/**
 * A bucket of a local limit as one number of 64 bits: when its window ends, and how many requests it has had. A window begins with the
 * first request after the one before, or by the calendar. Time is an argument.
 */
import type { LimitView } from '../../contract/limit-views.ts';

const COUNT_BITS = 24n;
const COUNT_MASK = (1n << COUNT_BITS) - 1n;
/** What is left of a number without sign. */
const MAX_END = 2 ** 39 - 1;

export const EMPTY = 0n;
/** The limit is reached. */
export const REFUSED = -1n;

/** ms; 0 = empty. */
export function endOf(state: bigint): number {
  return Number(state >> COUNT_BITS);
}

export function countOf(state: bigint): number {
  return Number(state & COUNT_MASK);
}

/**
 * The bucket with one more request in it, or REFUSED.
 * @param now ms of a clock that never goes back, less than 2^39
 * @param wall ms since 1970, for windows by the calendar
 */
export function addRequest(state: bigint, limit: LimitView, now: number, wall: number): bigint {
  const { requests, windowMs } = limit;
  if (requests === 0) return REFUSED;
  const at = Math.floor(now);
  const end = endOf(state);
  // A window that ends later than one can was begun under a longer limit: it counts as one that begins now.
  if (at >= end || end - at > windowMs) return pack(at + untilEnd(limit, wall), 1);
  const count = countOf(state);
  return count >= requests ? REFUSED : state + 1n;
}

/** As if its last request had not been; `end` names the window that it was counted in. */
export function removeRequest(state: bigint, end: number): bigint {
  return endOf(state) === end && countOf(state) > 0 ? state - 1n : state;
}

function pack(end: number, count: number): bigint {
  return (BigInt(Math.min(end, MAX_END)) << COUNT_BITS) | BigInt(count);
}

function untilEnd({ calendar, windowMs }: LimitView, wall: number): number {
  return calendar === true ? windowMs - (Math.floor(wall) % windowMs) : windowMs;
}
