/** One `towpath tap`: asks the agents again and again, so that they go on, and ends them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, BusError, type BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { type TapAnswer, type TapRequest, tapAnswerSchema } from '../contract/tap-messages.ts';
import { UserError } from '../core/errors.ts';
import type { CommandIo } from './command.ts';

/** Agents go on for this time without being asked again, and are asked again after that. */
const LEASE_MS = 5_000;
const ASK_AGAIN_MS = 2_000;
/** The last records of agents that were told to end. */
const END_MS = 1_500;
/** Agents that begin within this time are told of together. */
const GATHER_MS = 300;

export interface TapPlan {
  readonly bus: Bus;
  readonly subject: string;
  /** null: all agents. */
  readonly host: string | null;
  readonly question: Omit<TapRequest, 'leaseMs'>;
}

export interface TapEnd {
  readonly signal: AbortSignal;
  readonly abort: () => void;
}

/** What was shown, and what was not. */
export class TapTotals {
  readonly #limit: number;
  readonly #perSecond: number;
  #shown = 0;
  #leftOut = 0;
  #lost = 0;

  constructor(limit: number, perSecond: number) {
    this.#limit = limit;
    this.#perSecond = perSecond;
  }

  /** Enough has been shown. */
  get isFull(): boolean {
    return this.#shown >= this.#limit;
  }

  /** The answer with as many records as may still be shown. */
  take(answer: TapAnswer): TapAnswer {
    const records = answer.records.slice(0, this.#limit - this.#shown);
    this.#shown += records.length;
    this.#leftOut += answer.leftOut;
    this.#lost += answer.lost;
    return { ...answer, records };
  }

  sentence(): string {
    const gaps = [
      this.#leftOut > 0 ? `${this.#leftOut} left out, more than ${this.#perSecond} a second at one agent` : '',
      this.#lost > 0 ? `${this.#lost} records of these agents were lost on their way` : '',
    ];
    return [`${this.#shown} shown`, ...gaps.filter((gap) => gap !== '')].join('; ');
  }
}

/** Resolves when the end was asked for, or enough was shown. Throws UserError: nobody answers, all refuse, the connection is gone. */
export async function followTaps(
  plan: TapPlan,
  end: TapEnd,
  totals: TapTotals,
  show: (answer: TapAnswer) => void,
  io: Pick<CommandIo, 'err'>,
): Promise<void> {
  const crew = new Crew(io);
  let failure: UserError | null = null;
  const take = (message: BusMessage): void => {
    const answer = decodeJson(message.data, tapAnswerSchema, MAX_VIEW_BYTES);
    if (!answer.ok) return crew.misunderstood();
    if (!totals.isFull) show(totals.take(answer.value));
    crew.note(answer.value);
    if (totals.isFull) end.abort();
  };
  const asked = (leaseMs: number, waitMs: number): Promise<void> =>
    plan.bus.requestEach(plan.subject, JSON.stringify({ ...plan.question, leaseMs }), waitMs, take);
  while (!end.signal.aborted) {
    asked(LEASE_MS, LEASE_MS).catch((cause: unknown) => {
      // Agents that have answered may be away for a moment.
      if (crew.size > 0 && plan.bus.connected) return;
      failure = unanswered(plan, cause);
      end.abort();
    });
    await sleep(ASK_AGAIN_MS, undefined, { signal: end.signal }).catch(() => undefined);
    if (crew.size === 0 && crew.refusal !== null) {
      failure = new UserError({ code: 'TWP2704', message: crew.refusal });
      break;
    }
  }
  crew.beQuiet();
  if (failure !== null) throw failure;
  const last = asked(0, END_MS).catch(() => undefined);
  await Promise.race([last, crew.ended()]);
}

/** The agents that have begun. */
class Crew {
  readonly #io: Pick<CommandIo, 'err'>;
  readonly #hosts = new Set<string>();
  readonly #refused = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #allEnded: () => void = () => undefined;
  #isMisunderstood = false;
  refusal: string | null = null;

  constructor(io: Pick<CommandIo, 'err'>) {
    this.#io = io;
  }

  get size(): number {
    return this.#hosts.size;
  }

  note({ host, state, reason }: TapAnswer): void {
    if (state === 'began' && !this.#hosts.has(host)) this.#add(host);
    if (state === 'ended' && this.#hosts.delete(host) && this.#hosts.size === 0) this.#allEnded();
    if (state === 'refused' && !this.#refused.has(host)) {
      this.#refused.add(host);
      this.refusal = `the agent of ${host} refuses: ${reason}`;
      if (this.size > 0) this.#tellRefusal();
    }
  }

  /** Once; where nobody has begun it is the failure of the command. */
  #tellRefusal(): void {
    if (this.refusal !== null) this.#io.err(`${this.refusal}\n`);
    this.refusal = null;
  }

  misunderstood(): void {
    if (!this.#isMisunderstood) this.#io.err('an answer is not understood: is an agent of another version?\n');
    this.#isMisunderstood = true;
  }

  /** Nothing is told of those that begin now. */
  beQuiet(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** All that have begun have said their last. */
  async ended(): Promise<void> {
    if (this.#hosts.size > 0) await new Promise<void>((resolve) => (this.#allEnded = resolve));
  }

  #add(host: string): void {
    this.#hosts.add(host);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#tellRefusal();
      this.#io.err(`${this.size} ${this.size === 1 ? 'agent tells' : 'agents tell'} what passes; Ctrl-C ends it\n`);
    }, GATHER_MS);
  }
}

function unanswered({ bus, host }: TapPlan, cause: unknown): UserError {
  if (!bus.connected) return new UserError({ code: 'TWP2701', message: 'the connection to NATS was lost' });
  if (cause instanceof BusError && cause.code === 'no-responders') {
    const message = host === null ? 'no agent is connected to this mesh' : `the agent of ${host} does not answer`;
    return new UserError({ code: 'TWP2702', message, hint: 'towpath status lists the agents' });
  }
  return new UserError({ code: 'TWP2702', message: cause instanceof Error ? cause.message : String(cause) });
}
