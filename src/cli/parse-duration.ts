import { wrongUsage } from './parse-words.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000 } as const;

/** `500ms`, `10s`, `2m` in ms. Throws UserError (exit status 2). */
export function parseDuration(command: string, option: string, text: string): number {
  const match = /^(\d{1,6})(ms|s|m)$/.exec(text);
  const unit = match?.[2] as keyof typeof UNITS | undefined;
  if (match === null || unit === undefined)
    throw wrongUsage(command, `${option} must be like 500ms, 10s or 2m, not "${text}"`);
  return Number(match[1]) * UNITS[unit];
}

const LONG_UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_MS = 400 * LONG_UNITS.d;

/** `30s`, `10m`, `1h`, `7d` in ms, at most 400 days. Throws UserError (exit status 2). */
export function parseLongDuration(command: string, option: string, text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = match?.[2] as keyof typeof LONG_UNITS | undefined;
  if (match === null || unit === undefined)
    throw wrongUsage(command, `${option} must be like 30s, 10m, 1h or 7d, not "${text}"`);
  return Math.min(LONGEST_MS, Number(match[1]) * LONG_UNITS[unit]);
}
