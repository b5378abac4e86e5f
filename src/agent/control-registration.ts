import { randomUUID } from 'node:crypto';
import type { Bus } from '../contract/bus-types.ts';
import { type Ack, type EndpointRecord, type Lease, MAX_TOLD_SERVICES } from '../contract/messages.ts';
import { endpointKey, type Subjects } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ControlLinkSettings, LinkedWorkload } from './control-types.ts';
import type { Withdrawal } from './view-source.ts';

const RETRY_MS = 1_000;
const WITHDRAW_MS = 1_000;
const NOTE_MS = 200;
const AGAIN_SPREAD_MS = 500;
/** A host with many workloads does not wait for the store once for each; a fleet must not drown it either. */
const PARALLEL_WRITES = 4;

/** Registers the host's workloads and keeps the host's lease: registrations count only while it lives. */
export class Registration {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #settings: ControlLinkSettings;
  readonly #logger: Logger;
  readonly #lastAck: () => Ack | null;
  readonly #services: () => readonly ServiceKey[];
  readonly #boot = randomUUID();
  /** What the store holds of this host, as far as this run knows: key -> JSON. */
  readonly #published = new Map<string, string>();
  #wanted: ReadonlyMap<string, string> | null = null;
  #publishing = false;
  #stopped = false;
  #withdrawal: Promise<Withdrawal> | null = null;
  /** A workload of this host is called by mutual TLS. */
  #isSecured = false;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #again: NodeJS.Timeout | null = null;
  #renewals = 0;
  #failures = 0;

  constructor(
    bus: Bus,
    subjects: Subjects,
    settings: ControlLinkSettings,
    logger: Logger,
    lastAck: () => Ack | null,
    services: () => readonly ServiceKey[],
  ) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#settings = settings;
    this.#logger = logger;
    this.#lastAck = lastAck;
    this.#services = services;
  }

  start(): void {
    this.#schedule();
  }

  setWorkloads(workloads: readonly LinkedWorkload[]): void {
    const { host } = this.#settings;
    this.#isSecured = workloads.some(({ identity }) => identity !== undefined);
    this.#wanted = new Map(
      workloads.map((workload) => {
        const { namespace, name, labels, address, ports, ...rest } = workload;
        const record: EndpointRecord = { labels: { ...labels }, address, ports: { ...ports }, ...rest };
        return [endpointKey(host, namespace, name), JSON.stringify(record)];
      }),
    );
    void this.#publishRecords();
  }

  /** After a connection came up: the store may have been wiped meanwhile, so everything is put again. */
  onConnected(): void {
    this.#published.clear();
    void this.renew();
    void this.#publishRecords();
  }

  /** The services in use changed: said soon, not only with the next renewal. */
  noteServices(): void {
    this.#renewSoon(NOTE_MS);
  }

  /** Control misses registrations, as after their bucket was lost: all of ours are put again, not with all others at once. */
  putAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = null;
      this.onConnected();
    }, Math.random() * AGAIN_SPREAD_MS).unref();
  }

  async renew(): Promise<void> {
    if (this.#stopped || !this.#bus.connected) return;
    const prefix = `${this.#settings.host}.`;
    const known = this.#wanted === null ? null : [...this.#wanted.keys()].map((key) => key.slice(prefix.length));
    const services = this.#services();
    const lease: Lease = {
      version: this.#settings.version,
      boot: this.#boot,
      ack: this.#lastAck(),
      workloads: known,
      services: services.length > MAX_TOLD_SERVICES ? null : [...services],
    };
    try {
      await this.#bus.bucket(this.#subjects.bucket('lease')).put(this.#settings.host, JSON.stringify(lease));
      this.#renewals++;
    } catch (cause) {
      this.#failures++;
      this.#logger.warn({ reason: String(cause) }, 'could not renew the lease of this host');
      // Control makes the buckets: an agent that was there first is seen soon after.
      this.#renewSoon(RETRY_MS);
    }
  }

  #renewSoon(delayMs: number): void {
    this.#renewal ??= setTimeout(() => {
      this.#renewal = null;
      void this.renew();
    }, delayMs).unref();
  }

  /** Takes the host out at once, instead of letting its lease run out, and once. At most one second. */
  withdraw(): Promise<Withdrawal> {
    this.#withdrawal ??= this.#withdraw();
    return this.#withdrawal;
  }

  async #withdraw(): Promise<Withdrawal> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#renewal !== null) clearTimeout(this.#renewal);
    if (this.#again !== null) clearTimeout(this.#again);
    if (!this.#bus.connected) return 'none-listens';
    const endpoints = this.#bus.bucket(this.#subjects.bucket('endpoint'));
    const withdrawal = Promise.allSettled([
      ...[...this.#published.keys()].map((key) => endpoints.remove(key, null)),
      this.#bus.bucket(this.#subjects.bucket('lease')).remove(this.#settings.host, null),
    ]);
    await Promise.race([withdrawal, new Promise((resolve) => setTimeout(resolve, WITHDRAW_MS).unref())]);
    return this.#isSecured && this.#published.size > 0 ? 'peers-listen' : 'none-listens';
  }

  stats() {
    return { leaseRenewals: this.#renewals, leaseFailures: this.#failures };
  }

  #schedule(): void {
    const jittered = this.#settings.leaseRenewMs * (0.9 + 0.2 * Math.random());
    this.#timer = setTimeout(() => {
      void this.renew();
      this.#schedule();
    }, jittered);
    this.#timer.unref();
  }

  /** Brings the store to what is wanted, a few records at a time; repeated until it holds, tried again on failure. */
  async #publishRecords(): Promise<void> {
    if (this.#publishing || this.#stopped || !this.#bus.connected) return;
    this.#publishing = true;
    try {
      for (let next = this.#nextDifferences(); next.length > 0; next = this.#nextDifferences()) {
        const results = await Promise.allSettled(next.map(({ key, value }) => this.#publishOne(key, value)));
        if (this.#stopped) return;
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      }
    } catch (cause) {
      this.#logger.warn({ reason: String(cause) }, 'could not register the workloads of this host; trying again');
      this.#retry = setTimeout(() => void this.#publishRecords(), RETRY_MS);
      this.#retry.unref();
    } finally {
      this.#publishing = false;
    }
  }

  async #publishOne(key: string, value: string | null): Promise<void> {
    const bucket = this.#bus.bucket(this.#subjects.bucket('endpoint'));
    if (value === null) await bucket.remove(key, null);
    else await bucket.put(key, value);
    if (value === null) this.#published.delete(key);
    else this.#published.set(key, value);
  }

  /** At most so many keys at once, each once: the last value of a key is written last. */
  #nextDifferences(): { key: string; value: string | null }[] {
    const found: { key: string; value: string | null }[] = [];
    const wanted = this.#wanted;
    if (wanted === null) return found;
    for (const [key, value] of wanted) if (this.#published.get(key) !== value) found.push({ key, value });
    for (const key of this.#published.keys()) if (!wanted.has(key)) found.push({ key, value: null });
    return found.slice(0, PARALLEL_WRITES);
  }
}
