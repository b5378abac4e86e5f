/** The state that the parts of a session share, and what they all do with it: ending streams, and ending everything. */
import { SlabExhausted } from '../../../reactor/slab.ts';
import { ABUSE_NAMES, type AbuseKind, AbuseMeter, PROVOKED_RESET } from './abuse.ts';
import { ENHANCE_YOUR_CALM } from './error-codes.ts';
import { MAX_31_BIT } from './frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import type { Http2Config } from './http2-config.ts';
import type { Http2Stream } from './http2-stream.ts';
import { OpenStreams } from './open-streams.ts';
import { Output } from './output.ts';
import { ResetMemory } from './reset-memory.ts';
import type { Role, SessionEvents, SessionMemory, SessionOutput } from './session-types.ts';
import { PeerSettings } from './settings.ts';
import { CLOSED, IDLE, nextState, RECEIVE_END, SEND_END, type StreamState } from './stream-table.ts';
import { TurnBudget } from './turn-budget.ts';
import { ConnectionCredit } from './windows.ts';
import { sendGoaway, sendReset, sendWindowUpdate } from './write-frames.ts';

export class SessionCore {
  readonly role: Role;
  readonly config: Http2Config;
  readonly memory: SessionMemory;
  readonly events: SessionEvents;
  readonly output: Output;
  readonly streams = new OpenStreams();
  readonly peer = new PeerSettings();
  readonly abuse: AbuseMeter;
  readonly credit: ConnectionCredit;
  readonly resets = new ResetMemory();
  readonly encoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  /** For sentences. */
  readonly peerName: string;
  /** ms of the owner's clock at the last tick. */
  now = 0;
  /** The peer knows our SETTINGS. */
  settingsAcked = false;
  /** Nothing is read or written any more. */
  isOver = false;
  /** Server role: the highest stream that the peer opened. */
  lastPeerId = 0;
  /** Server role: streams above it are not served: our GOAWAY said so. */
  acceptedId = MAX_31_BIT;
  /** Server role. */
  readonly turn: TurnBudget;
  /** Client role: the next stream's id. */
  nextId = 1;
  /** Client role: this and later ids were not handed to the socket yet. */
  unflushedId = 1;
  /** No new streams: GOAWAY came, or `shutdown` was called, or the ids are used up. */
  isDraining = false;
  /** Client role: streams that the server has shown to take by refusing more; forgotten at the next tick. */
  shownStreams = Number.POSITIVE_INFINITY;
  /** Bytes that all streams keep back, and the memory that takes. */
  keptBytes = 0;
  keptMemory = 0;
  /** What the windows of all streams together have grown by. */
  grown = 0;
  /** Called once, when nothing is read any more. */
  onOver: () => void = () => {};
  #streamsEnded = false;
  #capacityChanged = false;

  constructor(role: Role, config: Http2Config, memory: SessionMemory, output: SessionOutput, events: SessionEvents) {
    this.role = role;
    this.config = config;
    this.memory = memory;
    this.events = events;
    this.output = new Output(memory.slab, output, config.maxBlockedOutput);
    this.abuse = new AbuseMeter(config.abuse);
    this.credit = new ConnectionCredit(config);
    this.encoder = new HpackEncoder(memory.slab, config.encoderTableBytes);
    this.decoder = new HpackDecoder(memory.headArea, {
      listBytes: config.maxHeaderListBytes,
      tableBytes: config.headerTableBytes,
    });
    this.turn = new TurnBudget(config, memory.slab);
    this.peerName = role === 'server' ? 'the client' : 'the server';
  }

  get capacity(): number {
    if (this.role === 'server' || this.isDraining || this.isOver) return 0;
    const allowed = Math.min(this.peer.maxStreams, this.config.maxOpenStreams, this.shownStreams);
    return Math.max(0, allowed - this.streams.count);
  }

  /** True for ids on which nothing was ever sent (RFC 9113 5.1, idle). */
  isIdle(id: number): boolean {
    if ((id & 1) === 0) return true;
    return this.role === 'server' ? id > this.lastPeerId : id >= this.nextId;
  }

  /** Counts something that a peer may do only so often; false: too often, the session has failed. */
  spend(kind: AbuseKind): boolean {
    if (this.abuse.spend(kind)) return true;
    this.fail(ENHANCE_YOUR_CALM, `${this.peerName} exceeded what is allowed per second: ${ABUSE_NAMES[kind]}`);
    return false;
  }

  /** The peer's error on one stream (RFC 9113 5.4.2): RST_STREAM, and the user hears of it. */
  refuse(stream: Http2Stream, code: number, sentence: string): void {
    if (this.spend(PROVOKED_RESET)) this.giveUp(stream, code, sentence);
  }

  /** Ends the stream with RST_STREAM, and its user hears why. @throws SlabExhausted after that */
  giveUp(stream: Http2Stream, code: number, sentence: string): void {
    this.drop(stream, code, false, sentence);
    if (this.isOver) return;
    this.resets.add(stream.id);
    sendReset(this.output, stream.id, code);
  }

  /** Ends the stream without a frame, and its user hears why. @throws SlabExhausted after that */
  drop(stream: Http2Stream, code: number, unprocessed: boolean, sentence: string): void {
    this.end(stream);
    stream.user?.onReset(code, unprocessed, sentence);
    this.releaseUnconsumed(stream);
  }

  /** Ends the stream with RST_STREAM. The user is not told. */
  reset(stream: Http2Stream, code: number): void {
    if (stream.state === CLOSED) return this.releaseUnconsumed(stream);
    const wasIdle = stream.state === IDLE;
    this.end(stream);
    this.releaseUnconsumed(stream);
    if (wasIdle) return this.output.requestFlush();
    this.resets.add(stream.id);
    sendReset(this.output, stream.id, code);
  }

  /** The peer's message is complete. */
  endRemote(stream: Http2Stream): void {
    stream.remoteEnded = true;
    this.#complete(stream, RECEIVE_END);
  }

  /** Our message is complete and everything of it composed. */
  endLocal(stream: Http2Stream): void {
    stream.localEnded = true;
    this.#complete(stream, SEND_END);
  }

  #complete(stream: Http2Stream, event: typeof RECEIVE_END | typeof SEND_END): void {
    const next = nextState(stream.state, event) as StreamState;
    if (next === CLOSED) {
      this.end(stream);
      this.abuse.earnCompleted();
    } else stream.state = next;
  }

  /** The books of a stream that is over: what it kept back, its place, its share of the concurrency. */
  end(stream: Http2Stream): void {
    this.streams.remove(stream);
    stream.state = CLOSED;
    this.grown -= stream.windowSize - this.config.initialStreamWindow;
    stream.windowSize = this.config.initialStreamWindow;
    this.dropKept(stream);
    this.#noteEnded();
  }

  #noteEnded(): void {
    this.#streamsEnded = true;
    this.#capacityChanged = true;
  }

  dropKept(stream: Http2Stream): void {
    if (stream.kept === null) return;
    this.keptBytes -= stream.kept.length;
    this.keptMemory -= stream.kept.capacity;
    stream.kept.clear();
    stream.kept = null;
  }

  /** Nothing of what was handed out will be consumed any more. */
  releaseUnconsumed(stream: Http2Stream): void {
    if (stream.unconsumed === 0) return;
    this.credit.unconsumed -= stream.unconsumed;
    stream.unconsumed = 0;
    this.grantConnection();
  }

  grantConnection(): void {
    const increment = this.credit.take();
    if (increment > 0 && !this.isOver) sendWindowUpdate(this.output, 0, increment);
  }

  release(stream: Http2Stream): void {
    if (!this.streams.release(stream)) return;
    this.#noteEnded();
    if (!this.isOver) this.output.requestFlush();
  }

  /** `openStream` may succeed now, or is known not to: `settle` tells. */
  noteCapacity(): void {
    this.#capacityChanged = true;
  }

  /** Client role: more streams than the server took may be tried again. */
  forgetRefused(): void {
    if (this.shownStreams === Number.POSITIVE_INFINITY) return;
    this.shownStreams = Number.POSITIVE_INFINITY;
    this.#capacityChanged = true;
    this.output.requestFlush();
  }

  /** `onIdle` is due if there are no streams: `settle` tells. */
  noteIdle(): void {
    this.#streamsEnded = true;
  }

  /** Tells the owner what the last bytes or calls have changed. Not called while frames are read. */
  settle(): void {
    if (this.isOver) return;
    if (this.#capacityChanged) {
      this.#capacityChanged = false;
      if (this.role === 'client') this.events.onCapacity();
    }
    if (!this.#streamsEnded || this.isOver) return;
    this.#streamsEnded = false;
    if (this.streams.count === 0) this.events.onIdle();
  }

  /** The last stream of the peer that we have looked at, for GOAWAY. */
  get lastProcessed(): number {
    return Math.min(this.lastPeerId, this.acceptedId);
  }

  fail(code: number, sentence: string): void {
    if (this.isOver) return;
    this.isOver = true;
    try {
      sendGoaway(this.output, this.lastProcessed, code, sentence);
    } catch (error) {
      // Without memory for a GOAWAY the connection just closes.
      if (!(error instanceof SlabExhausted)) throw error;
    }
    this.output.flush();
    this.endAll(code, sentence, false);
    this.events.onFatal(code, sentence);
  }

  /**
   * Every stream is over, and its user hears why.
   * @param nothingSent no byte has ever reached the peer
   */
  endAll(code: number, sentence: string, nothingSent: boolean): void {
    this.isOver = true;
    this.output.discard();
    this.onOver();
    for (const stream of this.streams.list()) {
      const isUnprocessed = this.role === 'client' && (nothingSent || this.wasNeverSent(stream));
      if (stream.state === CLOSED) continue;
      this.end(stream);
      stream.user?.onReset(code, isUnprocessed, sentence);
    }
  }

  /** Client role: no byte of the request has reached the socket. */
  wasNeverSent(stream: Http2Stream): boolean {
    return stream.id === 0 || (stream.id >= this.unflushedId && !this.output.wroteEarly);
  }
}
