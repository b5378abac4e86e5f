/** What a session does because time passes: allowances, and peers that keep it waiting. Pure: the time comes in. */
import { CANCEL, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, SETTINGS_TIMEOUT } from './error-codes.ts';
import type { SessionCore } from './session-core.ts';
import { TOO_SLOW } from './stream-sender.ts';

/** -1 = not waiting; otherwise ms of the owner's clock when the wait began. */
const NOT_WAITING = -1;
/** With fewer large chunks left in the slab, those who keep others waiting are given less time. */
const AMPLE_CHUNKS = 256;

export class SessionTimers {
  readonly #core: SessionCore;
  #startedAt = 0;
  #incompleteSince = NOT_WAITING;
  #progressSeen = 0;
  #blockedSince = NOT_WAITING;
  /** Drains seen: any of them is progress. */
  #drains = 0;
  #drainsSeen = 0;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  start(now: number): void {
    this.#core.now = now;
    this.#startedAt = now;
  }

  noteDrain(): void {
    this.#drains++;
  }

  /**
   * @param isIncomplete the preface, a frame or a head is here in part
   * @param progress changes when another one has begun
   */
  tick(now: number, isIncomplete: boolean, progress: number): void {
    const core = this.#core;
    core.now = now;
    core.abuse.refill(now);
    core.forgetRefused();
    if (!core.settingsAcked && now - this.#startedAt > core.config.settingsTimeoutMs) {
      return core.fail(SETTINGS_TIMEOUT, `${core.peerName} did not acknowledge our SETTINGS in time`);
    }
    if (progress !== this.#progressSeen) this.#incompleteSince = NOT_WAITING;
    this.#progressSeen = progress;
    this.#incompleteSince = since(isIncomplete, this.#incompleteSince, now);
    if (isOverdue(this.#incompleteSince, now, core.config.incompleteTimeoutMs)) {
      return core.fail(PROTOCOL_ERROR, `${core.peerName} did not complete a head or frame in time`);
    }
    this.#blockedSince = since(core.output.blocked && this.#drains === this.#drainsSeen, this.#blockedSince, now);
    this.#drainsSeen = this.#drains;
    const { stallTimeoutMs, shortStallMs } = core.config;
    const limit = core.memory.slab.freeLargeChunks < AMPLE_CHUNKS ? shortStallMs : stallTimeoutMs;
    if (isOverdue(this.#blockedSince, now, limit)) {
      return core.fail(ENHANCE_YOUR_CALM, `${core.peerName} did not read for ${limit} ms`);
    }
    if (core.keptBytes > 0) this.#resetStalled(now, limit);
  }

  /** Streams whose receiver grants no window hold memory for nothing. */
  #resetStalled(now: number, limit: number): void {
    const core = this.#core;
    for (const stream of core.streams.live.list()) {
      if (stream.kept === null || now - stream.movedAt <= limit) continue;
      core.giveUp(stream, CANCEL, `${TOO_SLOW}: it granted no window for ${limit} ms`);
    }
  }
}

function since(waits: boolean, before: number, now: number): number {
  if (!waits) return NOT_WAITING;
  return before === NOT_WAITING ? now : before;
}

function isOverdue(waitingSince: number, now: number, limit: number): boolean {
  return waitingSince !== NOT_WAITING && now - waitingSince > limit;
}
