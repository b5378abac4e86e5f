/** Waits for what the decision on a request lacks: a service's view, or the address of a host name. */
import { assertNever } from '../../core/result.ts';
import type { Socket } from '../../reactor/socket.ts';
import type { Context } from '../context.ts';
import type { RequestDecision } from '../decide-request.ts';
import { giveUp, type Lacks } from './decide-explicit.ts';

/** A name may lead to a virtual address, whose service's view is lacking then. */
const MAX_STEPS = 3;

export class LookUp {
  /** A request waits. */
  waiting = false;
  readonly #context: Context;
  readonly #client: Socket;
  readonly #goOn: () => void;
  #steps = 0;
  #missed = false;

  /** @param goOn decide again: later, and never from within a call here */
  constructor(context: Context, client: Socket, goOn: () => void) {
    this.#context = context;
    this.#client = client;
    this.#goOn = goOn;
  }

  /** Fetches what is lacking and returns null; `goOn` follows. Returns the answer for the client when it cannot be had. */
  fetch(lacks: Lacks): RequestDecision | null {
    if (this.#missed || this.#steps++ === MAX_STEPS) return this.#stop(lacks);
    let isCalling = true;
    this.waiting = true;
    this.#ask(lacks, (arrived) => {
      this.waiting = false;
      this.#missed = !arrived;
      if (!isCalling) this.#context.reactor.runFor(this.#client, this.#goOn);
    });
    isCalling = false;
    return this.waiting ? null : this.#stop(lacks);
  }

  /** The next request begins. */
  reset(): void {
    this.#steps = 0;
    this.#missed = false;
  }

  #stop(lacks: Lacks): RequestDecision {
    this.reset();
    return giveUp(this.#context, lacks);
  }

  #ask(lacks: Lacks, done: (arrived: boolean) => void): void {
    switch (lacks.what) {
      case 'view':
        return this.#context.whenServiceArrives(lacks.key, done);
      case 'name':
        return this.#context.explicit.whenNameResolves(lacks.name, done);
      case 'quota':
        return lacks.wait(done);
      default:
        return assertNever(lacks);
    }
  }
}
