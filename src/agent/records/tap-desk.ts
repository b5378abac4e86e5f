/**
 * Live views of what passes (`towpath tap`). Data threads make records for them while somebody taps, and not longer: a tap ends with its
 * lease. What an agent does for taps is bounded: their number, records of each in a second, and bytes of one answer.
 */
import type { TapAnswer, TapFilter, TapRequest } from '../../contract/tap-messages.ts';
import type { TapRules } from '../../contract/telemetry-rules.ts';
import { describeRecord } from '../../telemetry/records/describe-record.ts';
import { BIT_TAPPED } from '../../telemetry/records/record-layout.ts';
import type { RecordView } from '../../telemetry/records/record-view.ts';
import type { RecordTaker } from './record-desk.ts';
import { callerOfRecord, type MatchRecord, tapMatcher } from './tap-filter.ts';

export const MAX_TAPS = 8;
const TICK_MS = 200;
/** An answer is sent at once when it has grown to this. */
const MOST_BYTES = 128 * 1024;

/** Sends one answer, JSON of TapAnswer. */
export type SayTap = (answer: string) => void;

export interface TapPlace {
  readonly host: string;
  /** Who calls from here. */
  readonly caller: string;
}

interface Tap {
  readonly filter: TapFilter;
  readonly matches: MatchRecord;
  readonly perSecond: number;
  say: SayTap;
  /** ms of performance.now(). */
  endsAt: number;
  /** Records that may be told now. */
  budget: number;
  filledAt: number;
  /** JSON of each. */
  records: string[];
  bytes: number;
  leftOut: number;
  lostBefore: number;
}

export class TapDesk implements RecordTaker {
  readonly #place: TapPlace;
  readonly #lost: () => number;
  readonly #setRules: (rules: TapRules | null) => Promise<void>;
  readonly #taps = new Map<string, Tap>();
  #timer: NodeJS.Timeout | null = null;

  /** @param lost records that found no room on their way to main, so far @param setRules resolves when data threads obey */
  constructor(place: TapPlace, lost: () => number, setRules: (rules: TapRules | null) => Promise<void>) {
    this.#place = place;
    this.#lost = lost;
    this.#setRules = setRules;
  }

  /** Begins, prolongs or ends a tap. `say` gets all of its answers until it is asked again. */
  async ask(request: TapRequest, say: SayTap): Promise<void> {
    const { tap: id, leaseMs } = request;
    const known = this.#taps.get(id);
    if (leaseMs === 0) {
      if (known !== undefined) known.say = say;
      return this.#end(id);
    }
    if (known === undefined && this.#taps.size >= MAX_TAPS)
      return say(this.#answer('refused', [], 0, 0, `${MAX_TAPS} taps are open on this host already`));
    const isKnown = known !== undefined && JSON.stringify(known.filter) === JSON.stringify(request.filter);
    const tap = isKnown ? known : makeTap(request, say, this.#place.caller, this.#lost());
    this.#taps.set(id, tap);
    tap.say = say;
    tap.endsAt = performance.now() + leaseMs;
    if (isKnown) return;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    await this.#setRules(rulesFor(this.#taps.values()));
    say(this.#answer('began', [], 0, 0));
  }

  take(view: RecordView): void {
    if (this.#taps.size === 0 || !view.has(BIT_TAPPED)) return;
    for (const tap of this.#taps.values()) if (tap.matches(view)) this.#note(tap, view);
  }

  flush(): void {}

  /** Nothing more is said. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#taps.clear();
  }

  #note(tap: Tap, view: RecordView): void {
    if (tap.budget < 1) refill(tap);
    if (tap.budget < 1) {
      tap.leftOut++;
      return;
    }
    tap.budget--;
    const { host, caller } = this.#place;
    const text = JSON.stringify({ ...describeRecord(view, host), caller: callerOfRecord(view, caller) });
    tap.records.push(text);
    tap.bytes += text.length;
    if (tap.bytes > MOST_BYTES) this.#send(tap, 'goes on');
  }

  #tick(): void {
    const now = performance.now();
    for (const [id, tap] of this.#taps) {
      if (now >= tap.endsAt) void this.#end(id).catch(() => undefined);
      else if (tap.records.length > 0 || tap.leftOut > 0) this.#send(tap, 'goes on');
    }
  }

  async #end(id: string): Promise<void> {
    const tap = this.#taps.get(id);
    if (tap === undefined) return;
    this.#taps.delete(id);
    this.#send(tap, 'ended');
    if (this.#taps.size === 0) this.stop();
    await this.#setRules(this.#taps.size === 0 ? null : rulesFor(this.#taps.values()));
  }

  #send(tap: Tap, state: TapAnswer['state']): void {
    const lost = this.#lost();
    const answer = this.#answer(state, tap.records, tap.leftOut, lost - tap.lostBefore);
    tap.records = [];
    tap.bytes = 0;
    tap.leftOut = 0;
    tap.lostBefore = lost;
    tap.say(answer);
  }

  #answer(
    state: TapAnswer['state'],
    records: readonly string[],
    leftOut: number,
    lost: number,
    reason: string = '',
  ): string {
    const head = JSON.stringify({ host: this.#place.host, state, reason, leftOut, lost });
    return `${head.slice(0, -1)},"records":[${records.join(',')}]}`;
  }
}

function makeTap({ filter, perSecond, leaseMs }: TapRequest, say: SayTap, here: string, lost: number): Tap {
  const now = performance.now();
  const told = { records: [], bytes: 0, leftOut: 0, lostBefore: lost };
  const wanted = { filter, matches: tapMatcher(filter, here), perSecond, budget: perSecond };
  return { ...wanted, say, endsAt: now + leaseMs, filledAt: now, ...told };
}

/** A bucket of one second's records. */
function refill(tap: Tap): void {
  const now = performance.now();
  tap.budget = Math.min(tap.perSecond, tap.budget + ((now - tap.filledAt) / 1000) * tap.perSecond);
  tap.filledAt = now;
}

/** What data threads must record so that all taps see what they want. */
function rulesFor(taps: Iterable<Tap>): TapRules {
  const filters = [...taps].map(({ filter }) => filter);
  const services = filters.map(({ service }) => service);
  return {
    outbound: filters.some(({ side }) => side !== 'inbound'),
    inbound: filters.some(({ side }) => side !== 'outbound'),
    services: services.includes(undefined) ? null : services.flatMap((service) => service ?? []),
  };
}
