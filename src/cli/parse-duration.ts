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
