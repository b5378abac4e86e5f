/**
 * Graceful end (RFC 9113 6.8). A server first says GOAWAY(2^31 - 1) and PING: requests that cross it are still served. Once the
 * PING is answered, or time is up, the second GOAWAY names the last stream that is served.
 */
import { NO_ERROR } from './error-codes.ts';
import { MAX_31_BIT } from './frames.ts';
import type { SessionCore } from './session-core.ts';
import { sendGoaway, sendMarkedPing } from './write-frames.ts';

/** Content of the PING between the two. */
const MARK = 0x746f7770;
const SENTENCE = 'draining';

export class Shutdown {
  readonly #core: SessionCore;
  #begun = false;
  /** ms when the first GOAWAY was sent; -1 = no second one is due. */
  #noticeAt = -1;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /** @throws SlabExhausted */
  begin(): void {
    const core = this.#core;
    if (this.#begun) return;
    this.#begun = true;
    core.isDraining = true;
    const isServer = core.role === 'server';
    // A client accepts no streams from the server anyway.
    sendGoaway(core.output, isServer ? MAX_31_BIT : 0, NO_ERROR, SENTENCE);
    if (!isServer) return core.noteIdle();
    sendMarkedPing(core.output, MARK);
    this.#noticeAt = core.now;
  }

  onPong(mark: number): void {
    if (this.#noticeAt >= 0 && mark === MARK) this.#announceLast();
  }

  tick(now: number): void {
    if (this.#noticeAt >= 0 && now - this.#noticeAt > this.#core.config.shutdownNoticeMs) this.#announceLast();
  }

  #announceLast(): void {
    const core = this.#core;
    this.#noticeAt = -1;
    core.acceptedId = core.lastPeerId;
    sendGoaway(core.output, core.lastPeerId, NO_ERROR, SENTENCE);
    core.noteIdle();
  }
}
