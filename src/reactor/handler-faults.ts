import type { Closer } from './closer.ts';
import { ECONNABORTED } from './errno.ts';
import type { Interest } from './interest.ts';
import { Socket } from './socket.ts';

/** What happens when a handler throws, which is a bug: it costs its own connection, and the others go on. */
export class HandlerFaults {
  readonly #interest: Interest;
  readonly #closer: Closer;
  readonly report: (error: unknown) => void;

  constructor(interest: Interest, closer: Closer, report: (error: unknown) => void) {
    this.#interest = interest;
    this.#closer = closer;
    this.report = report;
  }

  /** The owner hears that the connection is dead, so that it lets go of whatever belongs to it. */
  abandon(socket: Socket, error: unknown): void {
    this.report(error);
    if (socket.fd < 0) return;
    this.#interest.silence(socket);
    try {
      socket.handler.onError(socket, ECONNABORTED);
    } catch (again) {
      this.report(again);
    }
    this.#closer.reset(socket);
  }

  /** For timers, of connections and of anything else. */
  readonly onTimerThrow = (timed: object, error: unknown): void => {
    if (timed instanceof Socket) this.abandon(timed, error);
    else this.report(error);
  };
}
