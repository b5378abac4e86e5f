import type { Bus } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { endpointSchema, FROM_CONTROL, type Lease, leaseSchema } from '../contract/messages.ts';
import { LONGEST_DELAY_MS } from '../contract/reconnect-delay.ts';
import { isToken, parseEndpointKey, type Subjects } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import { LineGate } from '../core/line-gate.ts';
import type { RegisteredEndpoint } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AgentTable } from './agent-table.ts';
import { BucketFollower, type NewRecord } from './bucket-follower.ts';
import { HeldRemovals } from './held-removals.ts';
import { LeaseTable } from './lease-table.ts';
import type { MeshState } from './mesh-state.ts';
import { servedKey } from './read-served.ts';

const DIAL_MARGIN_MS = 1_000;
const [MAX_LOGGED, MAX_WORKLOADS] = [10, 500];
/** Records that a dead host left behind are removed from the store after this long. */
const FORGET_MS = 60 * 60 * 1000;

/**
 * What agents registered. A record counts while its host's lease lives; who it is comes from the key alone. Leases are timed here, since
 * their expiry in the store makes no sound. A host has so many workloads and no more: a stolen one must not fill everybody's views.
 */
export class EndpointRegistry {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #state: MeshState;
  readonly #agents: AgentTable;
  readonly #logger: Logger;
  readonly #endpoints: BucketFollower;
  readonly #leases: BucketFollower;
  readonly #table: LeaseTable;
  /** host -> `<namespace>/<name>` -> record, whether the host lives or not. */
  readonly #records = new Map<string, Map<string, RegisteredEndpoint>>();
  #served: ReadonlySet<string> = new Set();
  readonly #deadSince = new Map<string, number>();
  readonly held = new HeldRemovals();
  readonly #lines = new LineGate(10);
  malformed = 0;
  expired = 0;

  constructor(bus: Bus, subjects: Subjects, state: MeshState, agents: AgentTable, leaseTtlMs: number, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#state = state;
    this.#agents = agents;
    this.#logger = logger;
    this.#endpoints = new BucketFollower(bus, subjects, 'endpoint');
    this.#leases = new BucketFollower(bus, subjects, 'lease');
    this.#table = new LeaseTable(leaseTtlMs);
  }

  /**
   * `served`: endpoints that the views of an earlier control hold. Their hosts are presumed alive for one ttl, since their
   * leases may have run out while nobody could renew them; all others have to show a lease first.
   */
  start(served: ReadonlySet<string>): void {
    this.#served = served;
    this.#table.beginGrace(performance.now(), 0);
    this.#endpoints.start((record) => this.#takeRecord(record));
    this.#leases.start((record) => this.#takeLease(record));
  }

  stop(): void {
    this.#endpoints.stop();
    this.#leases.stop();
  }

  /** NATS was away: nobody expires before every agent had the time to dial it again and a ttl is over. */
  beginGrace(): void {
    this.#table.beginGrace(performance.now(), LONGEST_DELAY_MS + DIAL_MARGIN_MS);
  }

  inGrace(): boolean {
    return this.#table.inGrace(performance.now());
  }

  /** Compares with the store. Rejects with BusError. */
  async reconcile(): Promise<void> {
    const endpoints = await this.#endpoints.poll();
    for (const record of endpoints?.records ?? []) this.#takeRecord(record);
    // A recreated bucket is empty through no fault of the hosts, whose agents put everything again when they reconnect.
    if (endpoints?.recreated === false) for (const key of endpoints.absent) this.#dropRecord(key);
    const leases = await this.#leases.poll();
    if (endpoints?.recreated === true) this.askAgain();
    if (endpoints?.recreated === true || leases?.recreated === true) {
      this.#table.forgetRevisions();
      this.beginGrace();
    }
    for (const record of leases?.records ?? []) this.#takeLease(record);
  }

  /** Ends the leases whose time is up; call about once a second, and not while NATS is away. */
  sweep(): void {
    const now = performance.now();
    const ended = this.#table.expire(now);
    for (const host of ended) {
      this.expired++;
      this.#logger.warn({ host }, 'the lease of this host ended: its workloads get no more traffic');
      this.#agents.gone(host);
      this.#deadSince.set(host, now);
    }
    this.#takeOutSilent(ended, now);
    for (const [host, since] of this.#deadSince) {
      if (now - since > FORGET_MS && !this.held.holds(host)) this.#forgetHost(host);
    }
    this.#agents.forgetOld(now);
  }

  /** Takes the silent endpoints of a service out, which were held. @returns how many. */
  confirm(service: ServiceKey): number {
    const confirmed = this.held.confirm(service);
    for (const { host, namespace, name } of confirmed) this.#state.deleteEndpoint(host, `${namespace}/${name}`);
    return confirmed.length;
  }

  /**
   * Right after the first look at the store: most of the endpoints that the views have are not registered, as after the
   * bucket was lost. Their agents register again when they have reconnected.
   */
  isSuspect(): boolean {
    const known = new Set<string>();
    for (const records of this.#records.values()) {
      for (const [workload, { address }] of records) known.add(servedKey(workload, address));
    }
    for (const entry of this.#state.writtenEndpoints()) known.add(servedKey(entry.workload, entry.address));
    const missing = [...this.#served].filter((served) => !known.has(served)).length;
    return missing >= 2 && missing * 2 > this.#served.size;
  }

  /** Every agent registers its workloads again: a bucket was lost behind their backs. */
  askAgain(): void {
    this.#bus.publish(this.#subjects.agents('register'), '', FROM_CONTROL);
  }

  workloadsOf(host: string): number {
    return this.#records.get(host)?.size ?? 0;
  }

  liveHosts(): number {
    return this.#table.hosts().length;
  }

  #takeLease({ key: host, revision, data }: NewRecord): void {
    if (!isToken(host)) return;
    if (data === null) {
      // An explicit delete: the agent said good-bye.
      this.#logger.info({ host }, 'this host left');
      this.#table.end(host);
      this.#endHost(host);
      return;
    }
    const lease = decodeJson(data, leaseSchema, MAX_RECORD_BYTES);
    if (!lease.ok) return this.complain(`lease of ${host}`, lease.error);
    const now = performance.now();
    const wasLive = this.#table.isLive(host);
    if (!wasLive) this.held.forgetHost(host);
    if (!this.#table.renew(host, revision, now)) return;
    this.#agents.seen(host, lease.value, now);
    this.#state.noteLease(host, lease.value.workloads);
    this.#deadSince.delete(host);
    if (!wasLive) for (const record of this.#records.get(host)?.values() ?? []) this.#state.putEndpoint(record);
    this.#dropLeftOvers(host, lease.value);
  }

  #takeRecord({ key, data }: NewRecord): void {
    if (data === null) return this.#dropRecord(key);
    const parts = parseEndpointKey(key);
    if (!parts.ok) return this.complain('endpoint record', parts.error);
    const decoded = decodeJson(data, endpointSchema, MAX_RECORD_BYTES);
    if (!decoded.ok) return this.complain(`endpoint record ${key}`, decoded.error);
    const { host, namespace, name } = parts.value;
    const record: RegisteredEndpoint = { host, namespace, name, ...decoded.value };
    const records = this.#records.get(host) ?? new Map<string, RegisteredEndpoint>();
    const isFull = records.size >= MAX_WORKLOADS && !records.has(`${namespace}/${name}`);
    if (isFull) return this.complain(`endpoint record ${key}`, `a host has at most ${MAX_WORKLOADS} workloads`);
    records.set(`${namespace}/${name}`, record);
    this.#records.set(host, records);
    this.#state.noteWorkload(record);
    if (this.inGrace() && this.#served.has(servedKey(`${namespace}/${name}`, record.address)))
      this.#table.presume(host);
    if (this.#table.isLive(host)) this.#state.putEndpoint(record);
    else if (!this.#deadSince.has(host)) this.#deadSince.set(host, performance.now());
  }

  #dropRecord(key: string): void {
    const parts = parseEndpointKey(key);
    if (!parts.ok) return;
    const { host, namespace, name } = parts.value;
    this.#records.get(host)?.delete(`${namespace}/${name}`);
    this.held.forget(host, `${namespace}/${name}`);
    this.#state.deleteEndpoint(host, `${namespace}/${name}`);
  }

  /** Records of an earlier run whose workload is no longer configured. */
  #dropLeftOvers(host: string, lease: Lease): void {
    if (lease.workloads === null) return;
    const current = new Set(lease.workloads);
    for (const { namespace, name } of this.#records.get(host)?.values() ?? []) {
      if (!current.has(`${namespace}.${name}`)) this.#removeFromStore(`${host}.${namespace}.${name}`);
    }
  }

  /** Endpoints of hosts that fell silent, unless so many of a service did at once that it is no likely death. */
  #takeOutSilent(hosts: readonly string[], now: number): void {
    if (hosts.length === 0 && this.held.size === 0) return;
    const silent = hosts.flatMap((host) => this.#state.endpointsOf(host));
    const before = this.held.size;
    const removed = this.held.decide(silent, (service) => this.#state.endpointCount(service), now);
    for (const { host, namespace, name } of removed) this.#state.deleteEndpoint(host, `${namespace}/${name}`);
    if (this.held.size <= before) return;
    this.#logger.error(
      { endpoints: this.held.size, services: this.held.list(now).slice(0, MAX_LOGGED) },
      'more than half of the endpoints of a service fell silent at once: they are kept until they are heard again or confirmed (towpath confirm)',
    );
  }

  #endHost(host: string): void {
    this.held.forgetHost(host);
    this.#state.deleteHost(host);
    this.#agents.gone(host);
    this.#deadSince.set(host, performance.now());
  }

  #forgetHost(host: string): void {
    this.#deadSince.delete(host);
    this.#state.forgetHost(host);
    const records = [...(this.#records.get(host)?.values() ?? [])];
    this.#records.delete(host);
    for (const { namespace, name } of records) this.#removeFromStore(`${host}.${namespace}.${name}`);
  }

  #removeFromStore(key: string): void {
    this.#dropRecord(key);
    void this.#bus
      .bucket(this.#subjects.bucket('endpoint'))
      .remove(key, null)
      .catch((cause: unknown) =>
        this.#logger.debug({ key, reason: String(cause) }, 'could not remove a left-over record'),
      );
  }

  /** What a host sent is ignored, and counted. */
  complain(what: string, reason: string): void {
    this.malformed++;
    if (this.#lines.admits(performance.now())) this.#logger.warn({ reason }, `ignored a malformed ${what}`);
  }
}
