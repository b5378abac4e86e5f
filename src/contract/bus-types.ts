/** The bus as the rest of the code sees it: messages, requests and key-value buckets, with no NATS type in sight. */
import type { Result } from '../core/result.ts';
import type { Protection } from './vet-server.ts';

export interface BusSettings {
  /** `nats://host:port`, one or more. */
  readonly servers: readonly string[];
  /** Shown by `nats server report connections`, such as `agent/shop/0.1.0`. */
  readonly name: string;
  /** A safe token; replies arrive on `_INBOX.<id>`, so that permissions can pin them. */
  readonly inboxId: string;
  /** A NATS `.creds` file, read again at every dial, so that renewed credentials are picked up. */
  readonly credentialsFile: string | null;
  /** The content of such a file, instead of one: for a single dial. */
  readonly credentials?: string | undefined;
  /** PEM, read again at every dial: the CA of the servers' certificates, which are then a must. */
  readonly caFile?: string | null | undefined;
  /** The content of such a file, instead of one. */
  readonly ca?: string | undefined;
  /** A server that asks for no credentials, or is not encrypted, may be used although it is not on this host. */
  readonly allowOpen?: boolean | undefined;
  /** Agents read by direct get from any replica and need no stream permissions; control reads through the leader. */
  readonly reads: 'direct' | 'leader';
}

export type BusState = 'connected' | 'disconnected' | 'reconnected';
export type Headers = Readonly<Record<string, string>>;

export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly text: () => string;
  /** Empty text when the header is absent. Names are compared exactly. */
  readonly header: (name: string) => string;
  readonly wantsReply: boolean;
  /** Does nothing when the sender wants no reply. */
  readonly respond: (data: string | Uint8Array, headers?: Headers) => void;
}

export interface Unsubscriber {
  unsubscribe(): void;
  /** As `unsubscribe`, but what the server has sent already is still handed over. */
  drain(): void;
}

export interface BucketEntry {
  readonly key: string;
  readonly data: Uint8Array;
  /** Sequence in the bucket's stream; never comparable across a recreated bucket. */
  readonly revision: number;
  /** The newest record of the key says that it was deleted or purged. */
  readonly deleted: boolean;
  readonly createdMs: number;
}

/** What identifies a bucket's store and how far it has come: it was recreated when `created` changed. */
export interface BucketMark {
  readonly created: string;
  readonly lastRevision: number;
}

export interface Bucket {
  /** null when the key was never written. Throws BusError. */
  get(key: string): Promise<BucketEntry | null>;
  /** Last writer wins: only for keys with a single writer. Returns the revision. */
  put(key: string, data: string): Promise<number>;
  /** Compare and set: `expected` is the revision that must still be the newest, 0 = the key must not exist. */
  write(key: string, data: string, expected: number): Promise<Result<number, 'conflict'>>;
  remove(key: string, expected: number | null): Promise<Result<void, 'conflict'>>;
  /** The newest record of every key, deleted ones left out, in no particular order. */
  list(): Promise<BucketEntry[]>;
  /** Every record that is still kept of a key, oldest first. */
  history(key: string): Promise<BucketEntry[]>;
  /** null when the bucket does not exist. */
  mark(): Promise<BucketMark | null>;
}

export interface BucketOptions {
  /** Records kept for each key, 1 to 64. */
  readonly history: number;
  /** Records vanish silently after this time; null = never. */
  readonly ttlMs: number | null;
  /** Stored records are also published on `<prefix>.<key>`; null = not. */
  readonly republishPrefix: string | null;
  readonly replicas: number;
  readonly maxValueBytes: number;
}

/** What is older, or beyond the size, goes; the oldest first. */
export interface StreamOptions {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** Of one record; null = as the server has it. */
  readonly maxRecordBytes: number | null;
  readonly replicas: number;
  /** Nobody can delete single records, or all of them. */
  readonly isSealed: boolean;
}

export interface StreamRecord {
  readonly sequence: number;
  readonly timeMs: number;
  readonly data: Uint8Array;
}

/** A stream read by sequence, without a consumer. */
export interface RecordStream {
  /** The sequences that it holds; null when it does not exist, or holds nothing. Rejects with BusError. */
  range(): Promise<{ readonly first: number; readonly last: number } | null>;
  /** null when it is not there (any more). Rejects with BusError. */
  read(sequence: number): Promise<StreamRecord | null>;
}

/** A record that was handed out and waits to be settled. */
export interface QueuedRecord {
  readonly subject: string;
  readonly timeMs: number;
  readonly data: Uint8Array;
  /** Empty text when the header is absent. */
  readonly header: (name: string) => string;
  /** Records of the queue that were not handed out yet when this one was. */
  readonly pending: number;
  /** It is dealt with, and not handed out again. */
  done(): void;
  /** It takes longer: it is not handed out again meanwhile. */
  keep(): void;
  /** It may be handed out again at once. */
  giveBack(): void;
}

/** A stream read by whoever works, each record until it is dealt with: handed out again when that did not happen. */
export interface RecordQueue {
  /** Up to so many records, those that come within the time (at least 1 s). Rejects with BusError. */
  next(most: number, waitMs: number): Promise<QueuedRecord[]>;
}

export interface Bus {
  readonly connected: boolean;
  /** The server's URL while connected. */
  readonly server: string | null;
  readonly serverVersion: string | null;
  /** Of the server that was reached last; null when none was. */
  readonly protection: Protection | null;
  /** The server is one of a cluster. */
  readonly clustered: boolean;
  onState(listener: (state: BusState) => void): void;
  /** At most once, nothing is kept for later: false when there is no connection now. */
  publish(subject: string, data: string | Uint8Array, headers?: Headers): boolean;
  /** Kept across reconnects. The handler must not throw. */
  subscribe(subject: string, handler: (message: BusMessage) => void, queue?: string): Unsubscriber;
  /** Throws BusError. */
  request(subject: string, data: string | Uint8Array, timeoutMs: number, headers?: Headers): Promise<BusMessage>;
  /** Every reply that arrives within the time. */
  requestMany(subject: string, data: string, maxWaitMs: number): Promise<BusMessage[]>;
  /** Hands over every reply as it arrives; resolves when the time is over. Rejects with BusError. */
  requestEach(subject: string, data: string, maxWaitMs: number, take: (reply: BusMessage) => void): Promise<void>;
  /** Resolves when the server has seen everything sent so far. */
  flush(): Promise<void>;
  bucket(name: string): Bucket;
  /** Creates the bucket when it is not there; an existing one keeps its settings. */
  ensureBucket(name: string, options: BucketOptions): Promise<void>;
  ensureStream(options: StreamOptions): Promise<void>;
  records(stream: string): RecordStream;
  /** The place of `name` in a stream is kept by the server. */
  queue(stream: string, name: string): RecordQueue;
  /** Acknowledged publish into a stream; the same id within two minutes is stored once. Rejects with BusError. */
  append(subject: string, data: string | Uint8Array, messageId: string, headers?: Headers): Promise<void>;
  close(): Promise<void>;
}

export type BusErrorCode = 'disconnected' | 'no-responders' | 'timeout' | 'not-found' | 'denied' | 'refused' | 'other';

export class BusError extends Error {
  readonly code: BusErrorCode;
  constructor(code: BusErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'BusError';
    this.code = code;
  }
}
