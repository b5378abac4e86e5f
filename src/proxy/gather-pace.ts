/**
 * Decides when the bytes of a fast stream are left to gather in the kernel before they are moved: fewer, larger moves wake the
 * two peers less often, and that is most of what bulk costs. Pure.
 */

/** Bytes that epoll waits for while gathering (SO_RCVLOWAT); the kernel reports less when its buffer is full, or at FIN. */
export const GATHER_BYTES = 1 << 20;

/** Bytes per ms over `MEASURE_MS` that make a stream fast: it gathers within a few ms. */
const FAST = 256 * 1024;
const MEASURE_MS = 10;
/**
 * Looks in a row that the kernel did not ask for: the sender waits for its peer, gathering only delays both. One that found much,
 * or nothing at all, weighs little: a sender that had to wait for a CPU looks the same.
 */
const MAX_SWEEPS = 16;
const MUCH = GATHER_BYTES / 4;
const WEIGHT_OF_LITTLE = 8;
/** Pause in ms before gathering is tried again; it doubles with every failure and halves with every `REWARD_BYTES`. */
const MIN_REST_MS = 20;
const MAX_REST_MS = 5_000;
const REWARD_BYTES = 64 << 20;

export class GatherPace {
  gathering = false;
  #since = 0;
  #bytes = 0;
  #sweeps = 0;
  #restMs = MIN_REST_MS;
  #restUntil = 0;

  /** `bytes` were moved because the kernel reported them. True: begin to gather. */
  moved(now: number, bytes: number): boolean {
    this.#bytes += bytes;
    if (this.gathering) {
      this.#sweeps = 0;
      if (this.#bytes >= REWARD_BYTES) {
        this.#bytes = 0;
        this.#restMs = Math.max(MIN_REST_MS, this.#restMs / 2);
      }
      return false;
    }
    const elapsed = now - this.#since;
    if (elapsed < MEASURE_MS) return false;
    // After a silence nothing is known: the first look only starts the clock.
    const fast = elapsed < 2 * MEASURE_MS && this.#bytes >= FAST * elapsed;
    this.#since = now;
    this.#bytes = 0;
    this.gathering = fast && now >= this.#restUntil;
    return this.gathering;
  }

  /** A look after a while without a report moved `bytes`. True: stop gathering. */
  swept(now: number, bytes: number): boolean {
    this.#sweeps += bytes === 0 || bytes >= MUCH ? 1 : WEIGHT_OF_LITTLE;
    if (this.#sweeps < MAX_SWEEPS) return false;
    this.#sweeps = 0;
    this.#bytes = 0;
    this.#since = now;
    this.gathering = false;
    // A sender that has simply finished is no failure.
    if (bytes > 0) this.#restMs = Math.min(MAX_REST_MS, this.#restMs * 2);
    this.#restUntil = now + this.#restMs;
    return true;
  }
}
