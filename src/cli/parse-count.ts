import { wrongUsage } from './parse-words.ts';

/** A whole number of 1 or more. Throws UserError (exit status 2). */
export function parseCount(command: string, option: string, text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw wrongUsage(command, `${option} must be a whole number above 0, not "${text}"`);
}
