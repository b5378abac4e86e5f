/**
 * The one importer of the NATS packages: what the bus uses of them, and the translation of their messages, entries and
 * errors into ours. Key-value watches are not used: they fall silent when a bucket is recreated.
 */
import { JetStreamApiError, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import {
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type NodeConnectionOptions,
  NoRespondersError,
  headers as newHeaders,
  PermissionViolationError,
  RequestError,
  type ServerInfo,
  type Subscription,
  TimeoutError,
} from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import { err, ok, type Result } from '../core/result.ts';
import {
  type BucketEntry,
  type BucketMark,
  BusError,
  type BusMessage,
  type Headers,
  type StreamRecord,
} from './bus-types.ts';
import type { ServerFacts } from './vet-server.ts';

export { AckPolicy, type Consumer, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
export { type KV, Kvm } from '@nats-io/kv';
export {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';

/**
 * The client (3.4.0) never closes the socket of a dial that it gave up: a server that accepts and says nothing, such as a
 * stopped one, would cost a descriptor for each attempt, and keep a command from ending.
 */
const closeTransport = NodeTransport.prototype.close;
NodeTransport.prototype.close = function close(this: NodeTransport, error?: Error): Promise<void> {
  if (!this.connected) this.discard();
  return closeTransport.call(this, error);
};

/** Looks at a server before anything is sent to it; a sentence refuses it. */
export interface DialOptions extends NodeConnectionOptions {
  readonly vet: (facts: ServerFacts) => string | null;
}

const greetings = new WeakMap<NodeTransport, ServerInfo>();
const peekInfo = NodeTransport.prototype.peekInfo;
NodeTransport.prototype.peekInfo = async function peek(this: NodeTransport): Promise<ServerInfo> {
  const info = await peekInfo.call(this);
  greetings.set(this, info);
  return info;
};

/** The client (3.4.0) sends its credentials in clear to a server that offers no TLS, whatever its options say. */
const connectTransport = NodeTransport.prototype.connect;
NodeTransport.prototype.connect = async function dial(
  this: NodeTransport,
  place: Parameters<typeof connectTransport>[0],
  options: NodeConnectionOptions & Partial<DialOptions>,
): Promise<void> {
  await connectTransport.call(this, place, options);
  const authenticates = greetings.get(this)?.auth_required === true;
  const facts = { address: this.socket.remoteAddress ?? '', encrypted: this.isEncrypted(), authenticates };
  const objection = options.vet?.(facts) ?? null;
  if (objection === null) return;
  this.socket.destroy();
  throw new Error(objection);
};

/** JetStream's error codes: not the expected revision (two forms), stream not found, no such message. */
const CONFLICTS = new Set([10071, 10164]);
const STREAM_NOT_FOUND = 10059;
const MESSAGE_NOT_FOUND = 10037;

/** A client with its JetStream handles. */
export interface Session {
  readonly client: NatsConnection;
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly buckets: Map<string, Promise<KV>>;
}

/** A subscription that outlives sessions. */
export interface WantedSubscription {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly handler: (message: BusMessage) => void;
  live: Subscription | null;
}

/** What identifies a stream; null when it does not exist. Rejects with BusError. */
export async function streamMark(manager: JetStreamManager, stream: string): Promise<BucketMark | null> {
  try {
    const { created, state } = await manager.streams.info(stream);
    return { created: String(created), lastRevision: state.last_seq };
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === STREAM_NOT_FOUND) return null;
    throw toBusError(cause);
  }
}

/** The sequences of a stream; null when it does not exist, or holds nothing. Rejects with BusError. */
export async function streamRange(
  manager: JetStreamManager,
  stream: string,
): Promise<{ readonly first: number; readonly last: number } | null> {
  try {
    const { state } = await manager.streams.info(stream);
    return state.messages === 0 ? null : { first: state.first_seq, last: state.last_seq };
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === STREAM_NOT_FOUND) return null;
    throw toBusError(cause);
  }
}

/** One record of a stream; null when there is none of that sequence. Rejects with BusError. */
export async function recordOrNull(
  manager: JetStreamManager,
  stream: string,
  sequence: number,
): Promise<StreamRecord | null> {
  try {
    const record = await manager.streams.getMessage(stream, { seq: sequence });
    return record === null ? null : { sequence, timeMs: record.time.getTime(), data: record.data };
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === MESSAGE_NOT_FOUND) return null;
    throw toBusError(cause);
  }
}

/** A refused compare and set as a value, everything else as BusError. */
export async function orConflict<T>(promise: Promise<T>): Promise<Result<T, 'conflict'>> {
  try {
    return ok(await promise);
  } catch (cause) {
    if (cause instanceof JetStreamApiError && CONFLICTS.has(cause.code)) return err('conflict');
    throw toBusError(cause);
  }
}

/** Rejects with BusError instead of the client's own errors. */
export async function worded<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    throw toBusError(cause);
  }
}

function toBusError(cause: unknown): BusError {
  if (cause instanceof BusError) return cause;
  const inner = cause instanceof RequestError && cause.cause !== undefined ? cause.cause : cause;
  // A publish into no stream has this name (its class is not exported); where JetStream is off for the account, the cause is another.
  const isUnheard =
    inner instanceof Error && inner.name === 'JetStreamNotEnabled' && inner.cause instanceof RequestError;
  if (isUnheard || inner instanceof NoRespondersError)
    return new BusError('no-responders', 'nobody answers this subject', cause);
  if (inner instanceof TimeoutError) return new BusError('timeout', 'no answer in time', cause);
  if (inner instanceof PermissionViolationError) return new BusError('denied', inner.message, cause);
  if (inner instanceof JetStreamApiError && inner.code === STREAM_NOT_FOUND) {
    return new BusError('not-found', 'the bucket does not exist', cause);
  }
  if (inner instanceof JetStreamApiError) return new BusError('refused', inner.message, cause);
  return new BusError('other', reasonOf(inner), cause);
}

/** The sentence of whatever was thrown. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** A record in our terms. */
export function toEntry(entry: KvEntry): BucketEntry {
  return {
    key: entry.key,
    data: entry.value,
    revision: entry.revision,
    deleted: entry.operation !== 'PUT',
    createdMs: entry.created.getTime(),
  };
}

/** A message in our terms. */
export function toMessage(message: Msg): BusMessage {
  return {
    subject: message.subject,
    data: message.data,
    text: () => message.string(),
    header: (name) => message.headers?.get(name) ?? '',
    wantsReply: message.reply !== undefined && message.reply !== '',
    respond: (data, headers) => {
      message.respond(data, headers === undefined ? {} : { headers: toHeaders(headers) });
    },
  };
}

/** One question, and every reply that comes within the time. Rejects with BusError. */
export async function takeReplies(
  client: NatsConnection,
  subject: string,
  data: string,
  maxWaitMs: number,
  take: (reply: BusMessage) => void,
): Promise<void> {
  const takeAll = async (): Promise<void> => {
    const replies = await client.requestMany(subject, data, { strategy: 'timer', maxWait: maxWaitMs });
    for await (const message of replies) take(toMessage(message));
  };
  await worded(takeAll());
}

/** Line ends inside a value would end the header: they become spaces. */
export function toHeaders(values: Headers): MsgHdrs {
  const result = newHeaders();
  for (const [name, value] of Object.entries(values)) result.set(name, value.replaceAll(/[\r\n]+/g, ' '));
  return result;
}
