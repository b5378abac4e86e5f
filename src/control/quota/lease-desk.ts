import { createHash } from 'node:crypto';
import { type Bucket, type Bus, BusError, type BusMessage, type Unsubscriber } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { limitFor } from '../../contract/limit-views.ts';
import {
  type LeaseAsk,
  type LeaseGrant,
  type LeaseReply,
  leaseRequestSchema,
  type QuotaRecord,
  quotaRecordSchema,
} from '../../contract/quota-messages.ts';
import { CONTROL_SERVICE, isToken, type Subjects } from '../../contract/subjects.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Asker, lease } from './lease-window.ts';
import { PolicyLimits } from './policy-limits.ts';
import { QuotaClock } from './quota-clock.ts';

/** Others write the same record: that often it is read and tried again. */
const MAX_TRIES = 16;
/** Requests under way at once; more are answered `failed`, and asked again. */
const MAX_PENDING = 512;
const CLOCK_KEY = '_clock';
const CLOCK_EVERY_MS = 30_000;
const CLOCK_RETRY_MS = 500;
/** Records whose newest revision is remembered, to save the reading. */
const MAX_KNOWN = 10_000;

const REFUSED: LeaseGrant = {
  result: 'failed',
  granted: 0,
  window: 0,
  startsIn: 0,
  endsIn: 0,
  limit: 0,
  remaining: 0,
  outstanding: false,
};

interface Known {
  readonly record: QuotaRecord;
  readonly revision: number;
}

export type Crossed = (record: QuotaRecord, percent: 80 | 100) => void;

/**
 * Answers `control.quota.lease.<host>`, also while another control leads: what was granted lies in the store, is changed by compare
 * and set only, and is stored before it is told. So the sum never exceeds the limit, however many controls answer and die.
 */
export class LeaseDesk {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #bucket: Bucket;
  readonly #logger: Logger;
  readonly #limits: PolicyLimits;
  readonly #clock = new QuotaClock();
  readonly #known = new Map<string, Known>();
  /** Requests for one bucket are taken one after the other: they would only get into each other's way. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #onCrossed: Crossed;
  #heard: Unsubscriber | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pending = 0;
  leases = 0;
  conflicts = 0;
  failures = 0;

  constructor(bus: Bus, subjects: Subjects, onCrossed: Crossed, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#bucket = bus.bucket(subjects.bucket('quota'));
    this.#limits = new PolicyLimits(bus, subjects);
    this.#onCrossed = onCrossed;
    this.#logger = logger;
  }

  /** The store must be there. Serves as soon as the clock of the store is known. */
  start(): void {
    this.#limits.start();
    void this.#setClock();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#heard?.unsubscribe();
    this.#limits.stop();
    this.#timer = null;
  }

  /** ms since 1970; null: not known yet. */
  now(): number | null {
    return this.#clock.at(performance.now());
  }

  async #setClock(): Promise<void> {
    const again = (delayMs: number): void => {
      this.#timer = setTimeout(() => void this.#setClock(), delayMs);
      this.#timer.unref();
    };
    try {
      const before = performance.now();
      await this.#bucket.put(CLOCK_KEY, '{}');
      const after = performance.now();
      const entry = await this.#bucket.get(CLOCK_KEY);
      if (entry !== null && !entry.deleted) this.#clock.sample(before, after, entry.createdMs);
      this.#heard ??= this.#bus.subscribe(
        this.#subjects.fromAgent('quota', 'lease', '*'),
        (message) => void this.#serve(message),
        CONTROL_SERVICE,
      );
      again(CLOCK_EVERY_MS);
    } catch (cause) {
      this.#logger.debug({ reason: String(cause) }, 'the store does not tell the time');
      again(CLOCK_RETRY_MS);
    }
  }

  async #serve(message: BusMessage): Promise<void> {
    const host = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const request = decodeJson(message.data, leaseRequestSchema, MAX_RECORD_BYTES);
    // Nobody that we know sends such a thing: there is no answer that it would understand.
    if (!request.ok || !isToken(host)) {
      this.failures++;
      return;
    }
    const { boot, asks } = request.value;
    const grants = await Promise.all(asks.map((ask) => this.#inTurn(ask, { host, boot })));
    message.respond(JSON.stringify({ grants } satisfies LeaseReply));
  }

  async #inTurn(ask: LeaseAsk, asker: Asker): Promise<LeaseGrant> {
    if (this.#pending >= MAX_PENDING) return REFUSED;
    this.#pending++;
    const key = keyOfBucket(ask);
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(() => this.#answer(key, ask, asker));
    this.#turns.set(key, turn);
    const grant = await turn;
    if (this.#turns.get(key) === turn) this.#turns.delete(key);
    this.#pending--;
    return grant;
  }

  /** Never rejects. */
  async #answer(key: string, ask: LeaseAsk, asker: Asker): Promise<LeaseGrant> {
    try {
      const rule = await this.#limits.find(ask.rule, ask.limit);
      if (rule === null) return { ...REFUSED, result: 'unknown' };
      for (let i = 0; i < MAX_TRIES; i++) {
        const known = (i === 0 ? this.#known.get(key) : undefined) ?? (await this.#read(key, ask));
        const grant = await this.#grant(key, known, ask, asker, limitFor(rule, ask.caller), rule.service);
        if (grant !== null) return grant;
        this.conflicts++;
        this.#known.delete(key);
      }
      throw new BusError('other', `${MAX_TRIES} times somebody else was faster`);
    } catch (cause) {
      this.failures++;
      this.#known.delete(key);
      this.#logger.debug({ rule: ask.rule, reason: String(cause) }, 'no lease: the store does not answer');
      return REFUSED;
    }
  }

  /** null: somebody else has changed the record meanwhile. */
  async #grant(
    key: string,
    known: Known | null,
    ask: LeaseAsk,
    asker: Asker,
    limit: ReturnType<typeof limitFor>,
    service: string,
  ): Promise<LeaseGrant | null> {
    const monotonic = performance.now();
    if (known !== null) this.#clock.witness(known.record.current.start, monotonic);
    const now = this.#clock.at(monotonic);
    if (now === null) return REFUSED;
    const { record, grant, changed, crossed } = lease(known?.record ?? null, ask, asker, limit, service, now);
    if (changed) {
      const written = await this.#bucket.write(key, JSON.stringify(record), known?.revision ?? 0);
      if (!written.ok) return null;
      this.#remember(key, { record, revision: written.value });
    }
    this.leases++;
    if (crossed !== null) this.#onCrossed(record, crossed);
    // It took time to store: the rest of the window is shorter by it.
    const spent = Math.ceil(performance.now() - monotonic);
    return {
      ...grant,
      startsIn: Math.max(0, grant.startsIn - Math.floor(spent)),
      endsIn: Math.max(0, grant.endsIn - spent),
    };
  }

  async #read(key: string, ask: LeaseAsk): Promise<Known | null> {
    const entry = await this.#bucket.get(key);
    if (entry === null || entry.deleted) return null;
    const record = decodeJson(entry.data, quotaRecordSchema, MAX_RECORD_BYTES);
    if (record.ok && record.value.rule === ask.rule && record.value.key === ask.key) {
      return { record: record.value, revision: entry.revision };
    }
    // Somebody wrote nonsense there: what was granted is not known, so nothing more is until it is removed.
    throw new BusError('other', `the record ${key} cannot be read: remove it (nats kv del)`);
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
  }
}

/** The KV key of a bucket: callers may be called anything. */
export function keyOfBucket({ rule, key }: Pick<LeaseAsk, 'rule' | 'key'>): string {
  return createHash('sha256')
    .update(JSON.stringify([rule, key]))
    .digest('hex')
    .slice(0, 40);
}
