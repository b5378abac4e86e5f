/**
 * One HTTP/2 connection (RFC 9113), sans-io, in either role: bytes in by `receive`, bytes out through `SessionOutput`, messages
 * through streams. Nothing is allocated per frame; a stream is one small object; what a turn produces leaves in one write.
 */
import { SlabExhausted } from '../../../reactor/slab.ts';
import { CONNECTION_LOST, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { FrameDispatch } from './frame-dispatch.ts';
import { FrameReader } from './frame-reader.ts';
import { MAX_31_BIT, PREFACE } from './frames.ts';
import type { Http2Config } from './http2-config.ts';
import { Http2Stream, type StreamUser } from './http2-stream.ts';
import { SessionCore } from './session-core.ts';
import { SessionTimers } from './session-timers.ts';
import type { Role, SessionEvents, SessionMemory, SessionOutput } from './session-types.ts';
import { Shutdown } from './shutdown.ts';
import { OUT_OF_BUFFERS, StreamSender } from './stream-sender.ts';
import { IDLE } from './stream-table.ts';
import { sendPreface, sendWindowUpdate } from './write-frames.ts';

export class Http2Session {
  readonly #core: SessionCore;
  readonly #sender: StreamSender;
  readonly #reader: FrameReader;
  readonly #dispatch: FrameDispatch;
  readonly #timers: SessionTimers;
  readonly #shutdown: Shutdown;
  /** Server role: bytes of the client's preface still to come. */
  #prefaceLeft: number;

  constructor(role: Role, config: Http2Config, memory: SessionMemory, output: SessionOutput, events: SessionEvents) {
    const core = new SessionCore(role, config, memory, output, events);
    this.#core = core;
    this.#sender = new StreamSender(core);
    this.#shutdown = new Shutdown(core);
    this.#dispatch = new FrameDispatch(core, this.#sender, (mark) => this.#shutdown.onPong(mark));
    this.#reader = new FrameReader(memory.slab, config.maxFrameBytes, this.#dispatch);
    this.#timers = new SessionTimers(core);
    core.onOver = () => {
      this.#reader.clear();
      this.#dispatch.clear();
    };
    this.#prefaceLeft = role === 'server' ? PREFACE.length : 0;
  }

  /** Sends the preface (client role) and our SETTINGS. Once, before anything else. @param now ms of the owner's clock */
  start(now: number): void {
    this.#timers.start(now);
    this.#guard(() => {
      const { output, role, config, credit } = this.#core;
      sendPreface(output, role, config);
      const increment = credit.open();
      if (increment > 0) sendWindowUpdate(output, 0, increment);
    });
  }

  /**
   * Bytes of the peer, at any slab offset; none of them are needed after the return. With `hasUnread` after it, the next turn
   * calls `readOn`, and nothing is received until that has left none.
   */
  receive(at: number, length: number): void {
    if (this.#core.isOver) return;
    try {
      this.#core.turn.begin();
      const used = this.#prefaceLeft > 0 ? this.#matchPreface(at, length) : 0;
      if (used < length) this.#reader.receive(at + used, length - used);
      this.#core.settle();
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  /** Server role: of what was received, a part waits for its turn. */
  get hasUnread(): boolean {
    return this.#reader.hasUnread;
  }

  /** Goes on with it. */
  readOn(): void {
    this.#guard(() => {
      this.#core.turn.begin();
      this.#reader.readOn();
      this.#core.settle();
    });
  }

  /** At the end of the turn, after `requestFlush`: one write of everything composed since the last one. */
  flush(): void {
    const core = this.#core;
    if (core.isOver) return;
    try {
      this.#sender.data.pump();
      core.settle();
      core.output.flush();
      core.unflushedId = core.nextId;
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  /** The socket took everything. */
  onDrain(): void {
    if (this.#core.isOver) return;
    this.#timers.noteDrain();
    this.#core.output.onDrain();
    this.#core.output.requestFlush();
  }

  /**
   * Client role: a stream whose head is sent with `stream.sendHead`; null when `capacity` is 0. Send the head in the same turn:
   * a stream without it takes up capacity.
   */
  openStream(user: StreamUser): Http2Stream | null {
    const core = this.#core;
    if (core.capacity === 0) return null;
    if (core.nextId + 2 * core.streams.unsent.length > MAX_31_BIT) {
      // The ids are used up: another connection must take over.
      core.isDraining = true;
      core.events.onGoaway(NO_ERROR);
      return null;
    }
    const stream = new Http2Stream(
      this.#sender,
      0,
      user,
      IDLE,
      core.peer.initialWindow,
      core.config.initialStreamWindow,
    );
    core.streams.unsent.push(stream);
    return stream;
  }

  /** Streams that are not over, those held included. */
  get openStreams(): number {
    return this.#core.streams.count;
  }

  /** Client role: streams that can be opened now. */
  get capacity(): number {
    return this.#core.capacity;
  }

  /** What the server allows at once (MAX_CONCURRENT_STREAMS); -1 = its SETTINGS have not come. */
  get serverStreams(): number {
    return this.#core.peer.heard ? this.#core.peer.maxStreams : -1;
  }

  /** Client role: the server has lately refused a stream that its SETTINGS allowed. */
  get isRefusing(): boolean {
    return this.#core.shownStreams < this.#core.peer.maxStreams;
  }

  /** Client role: streams to open at most until the server's SETTINGS say. */
  assumeStreams(count: number): void {
    if (!this.#core.peer.heard) this.#core.peer.maxStreams = count;
  }

  /** The connection failed or was closed. */
  get isOver(): boolean {
    return this.#core.isOver;
  }

  /** Bytes that streams keep back for the peer. */
  get keptBytes(): number {
    return this.#core.keptBytes;
  }

  /** Bytes handed out by `onData` and not consumed. */
  get unconsumedBytes(): number {
    return this.#core.credit.unconsumed;
  }

  /**
   * Graceful end: GOAWAY; streams under way finish, then `onIdle` (at the end of the turn if there are none). Server role: in
   * two steps, so that requests on their way are still served (RFC 9113 6.8).
   */
  shutdown(): void {
    this.#guard(() => this.#shutdown.begin());
  }

  /** Ends everything with GOAWAY(code): all streams hear `onReset`, then the owner `onFatal`. */
  fail(code: number, sentence: string): void {
    this.#core.fail(code, sentence);
  }

  /**
   * The connection died: all streams hear onReset(CONNECTION_LOST ...), unprocessed where provable; the owner hears nothing.
   * @param nothingSent it was never established: all requests are unprocessed
   */
  close(sentence: string, nothingSent = false): void {
    if (!this.#core.isOver) this.#core.endAll(CONNECTION_LOST, sentence, nothingSent);
  }

  /** Call about once a second, with ms of the owner's clock. */
  tick(now: number): void {
    if (this.#core.isOver) return;
    this.#guard(() => {
      const isIncomplete = this.#prefaceLeft > 0 || this.#reader.isIncomplete || this.#dispatch.isIncomplete;
      this.#timers.tick(now, isIncomplete, this.#dispatch.progress);
      if (!this.#core.isOver) this.#shutdown.tick(now);
    });
  }

  /** Returns bytes used, all of them after a mismatch. */
  #matchPreface(at: number, length: number): number {
    const { bytes } = this.#core.memory.slab;
    const n = Math.min(this.#prefaceLeft, length);
    const from = PREFACE.length - this.#prefaceLeft;
    this.#prefaceLeft -= n;
    if (bytes.compare(PREFACE, from, from + n, at, at + n) === 0) return n;
    this.#core.fail(PROTOCOL_ERROR, 'the client did not begin with the HTTP/2 preface');
    return length;
  }

  #guard(work: () => void): void {
    if (this.#core.isOver) return;
    try {
      work();
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  /** @throws any other error */
  #outOfBuffers(error: unknown): void {
    if (!(error instanceof SlabExhausted)) throw error;
    this.fail(INTERNAL_ERROR, OUT_OF_BUFFERS);
  }
}
