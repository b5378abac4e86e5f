/** Numbers that name things in one data thread; each thread has its own copy of this module. */

/** The numbers up to here are the indexes of the static table. */
const FIRST = 0x100;
let numbers = FIRST;

/** A number that nothing else in this thread has; exact up to 2^53. */
export function nextNumber(): number {
  return numbers++;
}
