/**
 * What a data thread records of requests and connections, for logs, traces and `towpath why`. Where no rule wants anything, only
 * what the proxy itself refused or cut is recorded, and nothing is computed for the rest.
 */
import { isFailure } from '../../contract/is-failure.ts';
import { NO_RULES, type SideRules, type TelemetryRules } from '../../contract/telemetry-rules.ts';
import {
  BIT_FAILED,
  BIT_INBOUND,
  BIT_LOGGED,
  BIT_SAMPLED,
  BIT_TAPPED,
  KIND_CONNECTION,
  KIND_REQUEST,
} from '../../telemetry/records/record-layout.ts';
import { RingWriter } from '../../telemetry/records/record-ring.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord, Ending } from '../connection-record.ts';
import { Draft } from './draft.ts';
import { type LoadedRules, loadRules } from './load-rules.ts';
import { beginTrace } from './trace-context.ts';
import { WordTable } from './word-table.ts';
import { writeRecord } from './write-record.ts';

/** Somebody besides `towpath why` wants it. */
const WANTED = BIT_LOGGED | BIT_SAMPLED | BIT_TAPPED;
/** Drafts kept for requests to come. */
const MAX_SPARE = 256;
/** The wall clock is read again after this time, in ms. */
const CLOCK_MS = 1_000;
/** Failures that nothing but `towpath why` wants: so many are recorded in a second, or a flood of bad requests would cost more than good ones. */
const MAX_FAILURES = 500;
const FAILURES_MS = 1_000;
/** gRPC statuses that say the server failed (OpenTelemetry, semantic conventions of RPC). */
const GRPC_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

export interface Clock {
  /** ms, monotonic. */
  readonly now: number;
}

export class Journal {
  /** Some rule wants to know of requests that go well. */
  isOn = false;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ring: RingWriter;
  readonly #words: WordTable;
  readonly #spare: Draft[] = [];
  #rules: LoadedRules = loadRules(NO_RULES);
  /** Wall clock minus the reactor's, in ms, and when that was found. */
  #offset = 0;
  #offsetAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #failuresFrom = Number.NEGATIVE_INFINITY;

  /** @param ring made by `makeRing` */
  constructor(ring: SharedArrayBuffer, clock: Clock, random: () => number) {
    this.#ring = new RingWriter(ring);
    this.#words = new WordTable(this.#ring);
    this.#clock = clock;
    this.#random = random;
  }

  /** In force for requests that begin from now on. */
  setRules(rules: TelemetryRules): void {
    this.#rules = loadRules(rules);
    this.isOn = this.#rules.isOn;
  }

  /** A request begins. null: nothing is wanted of it; asked only while `isOn`. */
  begin(record: ConnectionRecord, bytes: Buffer, head: MessageHead): Draft | null {
    const rules = this.#rulesFor(record);
    if (rules.log === null && rules.trace === null) return null;
    const draft = this.#take(record);
    draft.takeRequest(bytes, head);
    this.#choose(draft, rules);
    if (rules.trace !== null) beginTrace(draft, rules.trace, bytes, head, this.#random);
    return draft;
  }

  /** For a request that failed before, or without, a draft. @param head null: none was read */
  draftOf(record: ConnectionRecord, bytes: Buffer, head: MessageHead | null): Draft {
    const draft = this.#take(record);
    if (head === null) draft.takeNothing();
    else draft.takeRequest(bytes, head);
    this.#choose(draft, this.#rulesFor(record));
    return draft;
  }

  #take(record: ConnectionRecord): Draft {
    const draft = this.#spare.pop() ?? new Draft(this.#rules);
    const rules = this.#rules;
    draft.reset(rules, this.#clock.now);
    draft.bits = record.side === 'inbound' ? BIT_INBOUND | rules.tapInbound : rules.tapOutbound;
    return draft;
  }

  #choose(draft: Draft, { log }: SideRules): void {
    if (log === null) return;
    draft.logRule = log.index;
    draft.slowMs = log.slowMs;
    if (log.percent >= 100 || this.#random() * 100 < log.percent) draft.bits |= BIT_LOGGED;
  }

  #rulesFor({ side, service }: ConnectionRecord): SideRules {
    const rules = this.#rules;
    return side === 'outbound' ? rules.outbound : (rules.inbound.get(service) ?? rules.otherInbound);
  }

  /** The head of the final answer, which is passed on. */
  noteAnswer(draft: Draft, bytes: Buffer, head: MessageHead): void {
    if (draft.firstByteAt < 0) draft.firstByteAt = this.#clock.now;
    draft.takeAnswer(bytes, head);
  }

  /** The request is over: writes what is wanted of it. The draft is not used any more. */
  end(draft: Draft, record: ConnectionRecord): void {
    // A denial has the words of the policy, and no flag.
    const failed = isFailure(draft.flag) || (draft.status >= 400 && draft.detail !== '');
    const isError = failed || draft.status >= 500 || GRPC_ERRORS.has(draft.grpcStatus);
    if (failed) draft.bits |= BIT_FAILED;
    if (draft.logRule >= 0 && (isError || this.#clock.now - draft.startedAt >= draft.slowMs)) draft.bits |= BIT_LOGGED;
    leaveUnwatched(draft);
    if ((draft.bits & (BIT_FAILED | WANTED)) !== 0) this.#write(KIND_REQUEST, draft, record, '');
    this.drop(draft);
  }

  /** Nothing is recorded of it: it becomes a request of another kind. */
  drop(draft: Draft): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(draft);
  }

  /** A connection is over. Those that carried requests are told by their requests. */
  connection(record: ConnectionRecord, ending: Ending): void {
    const { flag, verdict } = record;
    const isHttp = verdict === 'http1' || verdict === 'http2';
    const failed = ending === 'refused' || ending === 'unreachable' || isFailure(flag);
    if (isHttp ? record.requests > 0 || !failed : !failed && !this.isOn) return;
    const draft = this.#take(record);
    this.#choose(draft, this.#rulesFor(record));
    draft.startedAt = record.openedAt;
    draft.takeNothing();
    draft.flag = flag;
    draft.detail = record.detail;
    draft.service = record.service;
    draft.route = record.route;
    draft.endpoint = record.endpoint;
    draft.received = record.bytesFromClient;
    draft.sent = record.bytesToClient;
    if (failed) draft.bits |= BIT_FAILED;
    if (failed && draft.logRule >= 0) draft.bits |= BIT_LOGGED;
    leaveUnwatched(draft);
    if ((draft.bits & (BIT_FAILED | WANTED)) !== 0) this.#write(KIND_CONNECTION, draft, record, ending);
    this.drop(draft);
  }

  #write(kind: number, draft: Draft, record: ConnectionRecord, ending: string): void {
    const { now } = this.#clock;
    if ((draft.bits & WANTED) === 0) {
      if (this.#isFlooded()) return this.#ring.drop();
      this.#failures++;
    }
    if (now - this.#offsetAt > CLOCK_MS) {
      this.#offsetAt = now;
      this.#offset = Date.now() - performance.now();
    }
    writeRecord(this.#ring, this.#words, kind, draft, record, draft.startedAt + this.#offset, now, ending);
  }

  /** A failure that no rule wants is left out now: no draft need be made of it. Counts it then. */
  leavesOut(): boolean {
    if (this.isOn || !this.#isFlooded()) return false;
    this.#ring.drop();
    return true;
  }

  /** As many failures as a second may have are recorded already. */
  #isFlooded(): boolean {
    const { now } = this.#clock;
    if (now - this.#failuresFrom >= FAILURES_MS) [this.#failuresFrom, this.#failures] = [now, 0];
    return this.#failures >= MAX_FAILURES;
  }
}

/** Watched is what the service shows, which is known at the end. */
function leaveUnwatched(draft: Draft): void {
  if ((draft.bits & BIT_TAPPED) !== 0 && draft.rules.tapServices?.has(draft.service) === false)
    draft.bits &= ~BIT_TAPPED;
}
