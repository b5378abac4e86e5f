/** The streams of a session that count toward concurrency. */
import type { Http2Stream } from './http2-stream.ts';
import { LiveStreams } from './live-streams.ts';
import { CLOSED, IDLE } from './stream-table.ts';

export class OpenStreams {
  /** Those that the wire knows. */
  readonly live = new LiveStreams();
  /** Client role: those whose head was not sent yet, in the order of opening. */
  readonly unsent: Http2Stream[] = [];
  /** Streams that are over while work for them goes on. */
  #held = 0;

  get count(): number {
    return this.live.size + this.unsent.length + this.#held;
  }

  /** A copy, so that the streams may end while it is walked. */
  list(): Http2Stream[] {
    return [...this.live.list(), ...this.unsent];
  }

  /** Its head leaves: it has its id. */
  send(stream: Http2Stream): void {
    this.#forgetUnsent(stream);
    this.live.add(stream);
  }

  /** It is over; its state still says whether it was ever sent. */
  remove(stream: Http2Stream): void {
    if (stream.state === IDLE) this.#forgetUnsent(stream);
    else this.live.remove(stream);
  }

  hold(stream: Http2Stream): void {
    if (stream.isHeld || stream.state !== CLOSED) return;
    stream.isHeld = true;
    this.#held++;
  }

  /** False when it was not held. */
  release(stream: Http2Stream): boolean {
    if (!stream.isHeld) return false;
    stream.isHeld = false;
    this.#held--;
    return true;
  }

  #forgetUnsent(stream: Http2Stream): void {
    // Nearly always the one opened last.
    if (this.unsent.at(-1) === stream) this.unsent.pop();
    else this.unsent.splice(this.unsent.indexOf(stream), 1);
  }
}
