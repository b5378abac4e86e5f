/** ms of a clock that all threads of the process share and that never goes back. */
export function sharedNow(): number {
  return performance.now() + CLOCK_OFFSET;
}
const CLOCK_OFFSET = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now();
