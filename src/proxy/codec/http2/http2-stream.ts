/**
 * One stream as its owner uses it: a handful of numbers, no buffers of its own unless the peer does not read. What the calls do
 * is the session's business (`StreamOwner`); calls on a stream that is over are harmless and do nothing.
 */
import type { MessageHead } from '../message-head.ts';
import type { Http2HeadPlan, Inserted } from './hpack-encoder.ts';
import type { Http2Head } from './http2-head.ts';
import type { KeptBytes } from './kept-bytes.ts';
import { CLOSED, type StreamState } from './stream-table.ts';

/** What the user of a stream hears. Heads and bytes are valid during the call only. */
export interface StreamUser {
  /** Client role: 1xx heads (end = false, may be many), then the final one. */
  onHead(head: Http2Head, end: boolean): void;
  /**
   * `length` bytes of the body at slab offset `at`, maybe none when `end`. Their credit goes back to the peer when
   * `stream.consumed` is called for them.
   */
  onData(at: number, length: number, end: boolean): void;
  /** Ends the message. */
  onTrailers(head: Http2Head): void;
  /**
   * The stream is over before both messages were complete; nothing else follows. `code` is that of RST_STREAM or GOAWAY, or
   * CONNECTION_LOST. NO_ERROR after the peer's message was complete (`remoteEnded`) means that it wants no more of ours;
   * before, the message is truncated like with any other code.
   * @param unprocessed the peer has not seen or not looked at the request: it is safe to send it again (RFC 9113 8.7)
   */
  onReset(code: number, unprocessed: boolean, sentence: string): void;
  /** Everything kept back since `sendData` returned false has left. */
  onWritable(): void;
}

/** What a stream asks of its session. */
export interface StreamOwner {
  sendHead(stream: Http2Stream, head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean;
  sendData(stream: Http2Stream, at: number, length: number, end: boolean): boolean;
  sendTrailers(stream: Http2Stream, head: MessageHead): void;
  sendAnswer(stream: Http2Stream, answer: Http2Answer): void;
  reset(stream: Http2Stream, code: number): void;
  consumed(stream: Http2Stream, length: number): void;
  hold(stream: Http2Stream): void;
  release(stream: Http2Stream): void;
}

/** An answer that the proxy itself gives, on a stream that has no final head yet. */
export interface Http2Answer {
  readonly status: number;
  readonly fields: readonly Inserted[];
  /** Length 0: none, the head ends the stream (as gRPC's trailers-only answers do). */
  readonly body: Uint8Array;
}

/** How what is kept back ends. */
export const END_NONE = 0;
export const END_WITH_DATA = 1;
export const END_WITH_TRAILERS = 2;

export class Http2Stream {
  /** Client role: 0 until the head was sent, which is what orders streams on the wire. */
  id: number;
  /** Hears what happens; null only between creation and the first event. */
  user: StreamUser | null;
  /** We have ended our message; what is kept back may still wait for the peer's window. */
  localEnded = false;
  /** The peer's message is complete. Never set by a reset. */
  remoteEnded = false;
  /** Internal, like everything below that is not a method: only the session's parts touch it. */
  readonly owner: StreamOwner;
  state: StreamState;
  /** Bytes that the peer lets us send; negative after it shrank its window (RFC 9113 6.9.2). */
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Size of that window when all is consumed. */
  windowSize: number;
  /** Bytes delivered and not yet consumed. */
  unconsumed = 0;
  /** Bytes consumed and not yet granted again. */
  ungranted = 0;
  /** Bytes of the body that content-length still promises, -1 = it says nothing. */
  expected = -1;
  /** Client role: the request was HEAD, or the status allows no content: DATA is malformed. */
  isBodiless = false;
  /** Client role: the request was CONNECT: after 2xx, content-length means nothing. */
  isTunnel = false;
  /** The peer's final head is here: another HEADERS frame is trailers. */
  hasHead = false;
  /** Our final head left. */
  sentHead = false;
  /** Output that the peer's window or a full socket kept back. */
  kept: KeptBytes | null = null;
  keptEnd = END_NONE;
  /** `sendData` returned false: `onWritable` is due. */
  owesWritable = false;
  /** Next in the queue of streams that can send what was kept back. */
  next: Http2Stream | null = null;
  isQueued = false;
  /** ms of the session's clock when what is kept back last moved. */
  movedAt = 0;
  /** Counts toward concurrency although it is over: work for it still goes on. */
  isHeld = false;

  constructor(
    owner: StreamOwner,
    id: number,
    user: StreamUser | null,
    state: StreamState,
    sendWindow: number,
    receiveWindow: number,
  ) {
    this.owner = owner;
    this.id = id;
    this.user = user;
    this.state = state;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.windowSize = receiveWindow;
  }

  /** Both messages are complete, or one side has reset it. */
  get isClosed(): boolean {
    return this.state === CLOSED;
  }

  /**
   * Sends a head: a request, a 1xx, or the final one of a response.
   * @returns false when it does not fit into 64 KiB: nothing was sent, the stream is as before
   */
  sendHead(head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean {
    return this.owner.sendHead(this, head, plan, end);
  }

  /**
   * Sends body bytes, copied at once. They are always taken.
   * @returns false when some were kept back (no window, or the socket is full): send no more until `onWritable`
   */
  sendData(at: number, length: number, end: boolean): boolean {
    return this.owner.sendData(this, at, length, end);
  }

  /** Ends our message with trailers, which are copied at once if data before them is still kept back. */
  sendTrailers(head: MessageHead): void {
    this.owner.sendTrailers(this, head);
  }

  /** Server role: sends an own answer and ends our side. Call `reset(NO_ERROR)` after it when the rest of the request is unwanted. */
  sendAnswer(answer: Http2Answer): void {
    this.owner.sendAnswer(this, answer);
  }

  /** Ends the stream with RST_STREAM; the user hears nothing more. Data still kept back is dropped. A code below 0 is sent as INTERNAL_ERROR. */
  reset(code: number): void {
    this.owner.reset(this, code);
  }

  /** `length` bytes handed out by `onData` have gone on: the peer may send as many again. */
  consumed(length: number): void {
    this.owner.consumed(this, length);
  }

  /** Server role, from within `onReset`: work for this request goes on; it counts toward concurrency until `release`. */
  hold(): void {
    this.owner.hold(this);
  }
  release(): void {
    this.owner.release(this);
  }
}
