/**
 * The connection. The client's pitfalls are handled here once: it never gives up dialling, it is rebuilt when it closes
 * unasked, subscriptions outlive it, and nothing is published into its lossy buffer while it is away.
 */
import {
  connect,
  jetstream,
  jetstreamManager,
  type NatsConnection,
  type NodeConnectionOptions,
  reasonOf,
  type Session,
  takeReplies,
  toHeaders,
  toMessage,
  worded,
} from './bus.ts';
import {
  type Bucket,
  type BucketOptions,
  type Bus,
  BusError,
  type BusMessage,
  type BusSettings,
  type BusState,
  type Headers,
  type RecordQueue,
  type RecordStream,
  type StreamOptions,
  type Unsubscriber,
} from './bus-types.ts';
import { createBucket, createStream } from './create-store.ts';
import { dialOptions } from './dial-options.ts';
import { KeptSubscriptions } from './kept-subscriptions.ts';
import { leaveServer } from './leave-server.ts';
import { NatsBucket } from './nats-bucket.ts';
import { NatsQueue, natsStream, storeRecord } from './nats-stream.ts';
import { PatientBucket, patiently } from './patient-bucket.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import { asksForTls, objectionTo, type Protection, protectionOf, type ServerFacts } from './vet-server.ts';

const DIAL_TIMEOUT_MS = 5_000;
const STORE_TIMEOUT_MS = 5_000;
/** Direct reads of a bucket that does not exist yet are answered by nobody: the wait for that is kept short. */
const DIRECT_TIMEOUT_MS = 2_000;

/** Connects in the background and for ever; usable at once. `onProblem` is told why it cannot, each reason once. */
export function openBus(settings: BusSettings, onProblem: (reason: string) => void): Bus {
  const bus = new NatsBus(settings, onProblem);
  void bus.keepConnected();
  return bus;
}

/** For one command: one dial, and a BusError when no server answers within the time. */
export async function connectOnce(settings: BusSettings, timeoutMs: number): Promise<Bus> {
  const bus = new NatsBus(settings, () => {});
  try {
    await bus.connect({ reconnect: false, timeout: timeoutMs });
  } catch (cause) {
    throw new BusError('disconnected', reasonOf(cause), cause);
  }
  return bus;
}

class NatsBus implements Bus {
  readonly #settings: BusSettings;
  readonly #onProblem: (reason: string) => void;
  #lastProblem = '';
  readonly #subscriptions = new KeptSubscriptions();
  readonly #listeners: ((state: BusState) => void)[] = [];
  #session: Session | null = null;
  #connected = false;
  #protection: Protection | null = null;
  #everConnected = false;
  #lostAt = performance.now();
  #closing = false;
  #endPause: () => void = () => {};

  constructor(settings: BusSettings, onProblem: (reason: string) => void) {
    this.#settings = settings;
    this.#onProblem = onProblem;
  }

  get connected(): boolean {
    return this.#connected;
  }
  get server(): string | null {
    return this.#connected ? (this.#session?.client.getServer() ?? null) : null;
  }
  get serverVersion(): string | null {
    return this.#session?.client.info?.version ?? null;
  }
  get protection(): Protection | null {
    return this.#protection;
  }
  get clustered(): boolean {
    return this.#session?.client.info?.cluster !== undefined;
  }

  /** The client's own wait for a first connection cannot be called off, so that loop is ours. */
  async keepConnected(): Promise<void> {
    while (!this.#closing) {
      try {
        const client = await this.connect({ timeout: DIAL_TIMEOUT_MS });
        await client.closed();
      } catch (cause) {
        // An absent server, or a refusal (credentials, URL): dialled again either way.
        this.#complain(reasonOf(cause));
      }
      if (!this.#closing) await this.#pause(reconnectDelayMs(performance.now() - this.#lostAt, Math.random()));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async connect(options: NodeConnectionOptions): Promise<NatsConnection> {
    const delay = (): number => reconnectDelayMs(performance.now() - this.#lostAt, Math.random());
    const client = await connect({ ...dialOptions(this.#settings, delay, (facts) => this.#vet(facts)), ...options });
    if (this.#closing) {
      await client.close();
      throw new BusError('disconnected', 'the bus was closed');
    }
    const api = { checkAPI: false, timeout: this.#settings.reads === 'direct' ? DIRECT_TIMEOUT_MS : STORE_TIMEOUT_MS };
    const stream = jetstream(client, api);
    const manager = await jetstreamManager(client, api);
    this.#session = { client, stream, manager, buckets: new Map() };
    void this.#followStatus(client);
    this.#subscriptions.moveTo(client);
    this.#setConnected(true);
    return client;
  }

  #vet(facts: ServerFacts): string | null {
    const { servers, caFile, allowOpen } = this.#settings;
    const mustEncrypt = (caFile ?? null) !== null || asksForTls(servers);
    const objection = objectionTo(facts, mustEncrypt, allowOpen ?? false);
    if (objection !== null) this.#complain(objection);
    else this.#protection = protectionOf(facts);
    return objection;
  }

  async #followStatus(client: NatsConnection): Promise<void> {
    for await (const status of client.status()) {
      if (status.type === 'reconnect') this.#setConnected(true);
      else if (status.type === 'disconnect' || status.type === 'close') this.#setConnected(false);
      else if (status.type === 'ldm' && this.clustered) leaveServer(client);
      else if (status.type === 'error') this.#complain(reasonOf(status.error));
    }
    this.#setConnected(false);
  }

  #complain(reason: string): void {
    if (this.#closing || reason === this.#lastProblem) return;
    this.#lastProblem = reason;
    this.#onProblem(reason);
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#lastProblem = '';
    if (!connected) this.#lostAt = performance.now();
    const state = connected ? (this.#everConnected ? 'reconnected' : 'connected') : 'disconnected';
    this.#everConnected ||= connected;
    for (const listener of this.#listeners) listener(state);
  }

  onState(listener: (state: BusState) => void): void {
    this.#listeners.push(listener);
  }

  publish(subject: string, data: string | Uint8Array, headers?: Headers): boolean {
    if (!this.#connected || this.#session === null) return false;
    this.#session.client.publish(subject, data, headers === undefined ? {} : { headers: toHeaders(headers) });
    return true;
  }

  subscribe(subject: string, handler: (message: BusMessage) => void, queue?: string): Unsubscriber {
    return this.#subscriptions.add(this.#session?.client ?? null, subject, handler, queue);
  }

  async request(subject: string, data: string | Uint8Array, timeoutMs: number, headers?: Headers): Promise<BusMessage> {
    const { client } = this.#live();
    const options = { timeout: timeoutMs, ...(headers === undefined ? {} : { headers: toHeaders(headers) }) };
    return toMessage(await worded(client.request(subject, data, options)));
  }

  async requestMany(subject: string, data: string, maxWaitMs: number): Promise<BusMessage[]> {
    const replies: BusMessage[] = [];
    await this.requestEach(subject, data, maxWaitMs, (reply) => void replies.push(reply));
    return replies;
  }

  async requestEach(...request: Parameters<Bus['requestEach']>): Promise<void> {
    await takeReplies(this.#live().client, ...request);
  }

  flush(): Promise<void> {
    return worded(this.#live().client.flush());
  }

  bucket(name: string): Bucket {
    const direct = this.#settings.reads === 'direct';
    const bucket = new NatsBucket(name, () => this.#live(), direct);
    // Agents have loops of their own, which must notice at once that a bucket is not there.
    return this.clustered && !direct ? new PatientBucket(bucket) : bucket;
  }

  ensureBucket(name: string, options: BucketOptions): Promise<void> {
    return createBucket(this.#live(), name, options);
  }

  ensureStream(options: StreamOptions): Promise<void> {
    return createStream(this.#live(), options);
  }

  records(stream: string): RecordStream {
    return natsStream(stream, () => this.#live());
  }

  queue(stream: string, name: string): RecordQueue {
    return new NatsQueue(stream, name, () => this.#live());
  }

  async append(subject: string, data: string | Uint8Array, messageId: string, headers?: Headers): Promise<void> {
    const publish = () => storeRecord(this.#live(), subject, data, messageId, headers);
    await (this.clustered ? patiently(publish) : publish());
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#endPause();
    const client = this.#session?.client;
    if (client !== undefined && !client.isClosed()) await client.close();
  }

  #live(): Session {
    if (!this.#connected || this.#session === null)
      throw new BusError('disconnected', 'there is no connection to NATS');
    return this.#session;
  }
}
