import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  recordOrNull,
  type Session,
  streamRange,
  toHeaders,
  worded,
} from './bus.ts';
import type { Headers, QueuedRecord, RecordQueue, RecordStream } from './bus-types.ts';

/** Handed out and not dealt with for so long: whoever took it is gone, and it is handed out again. */
const ACK_WAIT_MS = 60_000;
/** Records that may be in hand at once. */
const MOST_IN_HAND = 64;
const NANOSECONDS = 1_000_000;
/** A stream that was made anew has no place of ours, and a fetch does not say so: it is looked after so often. */
const CHECK_MS = 10_000;

/** A stream read by sequence, over whichever session is live at the moment of the call. */
export function natsStream(name: string, live: () => Session): RecordStream {
  return {
    range: () => streamRange(live().manager, name),
    read: (sequence) => recordOrNull(live().manager, name, sequence),
  };
}

/** Acknowledged publish into whatever stream takes the subject. Rejects with BusError. */
export async function storeRecord(
  session: Session,
  subject: string,
  data: string | Uint8Array,
  messageId: string,
  headers: Headers | undefined,
): Promise<void> {
  const options = { msgID: messageId, ...(headers === undefined ? {} : { headers: toHeaders(headers) }) };
  await worded(session.stream.publish(subject, data, options));
}

/** A durable pull consumer, over whichever session is live at the moment of the call. */
export class NatsQueue implements RecordQueue {
  readonly #stream: string;
  readonly #name: string;
  readonly #live: () => Session;
  #known: { readonly session: Session; readonly consumer: Consumer; readonly at: number } | null = null;

  constructor(stream: string, name: string, live: () => Session) {
    this.#stream = stream;
    this.#name = name;
    this.#live = live;
  }

  async next(most: number, waitMs: number): Promise<QueuedRecord[]> {
    const found: QueuedRecord[] = [];
    try {
      const consumer = await this.#consumer();
      const messages = await worded(consumer.fetch({ max_messages: most, expires: waitMs }));
      for await (const message of messages) {
        found.push({
          subject: message.subject,
          timeMs: message.time.getTime(),
          data: message.data,
          header: (name) => message.headers?.get(name) ?? '',
          pending: message.info.pending,
          done: () => message.ack(),
          keep: () => message.working(),
          giveBack: () => message.nak(),
        });
      }
    } catch (cause) {
      this.#known = null;
      if (found.length === 0) return worded(Promise.reject(cause));
    }
    return found;
  }

  async #consumer(): Promise<Consumer> {
    const session = this.#live();
    const known = this.#known;
    if (known?.session === session && performance.now() - known.at < CHECK_MS) return known.consumer;
    await worded(
      session.manager.consumers.add(this.#stream, {
        durable_name: this.#name,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: ACK_WAIT_MS * NANOSECONDS,
        max_ack_pending: MOST_IN_HAND,
      }),
    );
    const consumer = await worded(session.stream.consumers.get(this.#stream, this.#name));
    this.#known = { session, consumer, at: performance.now() };
    return consumer;
  }
}
