/** From frames to the parts of the session that know what they mean. */
import { IGNORED_FRAME } from './abuse.ts';
import { PROTOCOL_ERROR } from './error-codes.ts';
import type { FrameSink } from './frame-reader.ts';
import * as frames from './frames.ts';
import { ControlReceiver } from './receive-control.ts';
import { DataReceiver } from './receive-data.ts';
import { HeadReceiver } from './receive-headers.ts';
import type { SessionCore } from './session-core.ts';
import type { StreamSender } from './stream-sender.ts';

export class FrameDispatch implements FrameSink {
  readonly #core: SessionCore;
  readonly #heads: HeadReceiver;
  readonly #data: DataReceiver;
  readonly #control: ControlReceiver;
  /** The peer's first frame, which must be SETTINGS, is here. */
  #isGreeted = false;
  /** Frames seen, CONTINUATION apart: what is incomplete now is not what was incomplete before any of them. */
  progress = 0;

  /** @param onPong a PING of ours was answered */
  constructor(core: SessionCore, sender: StreamSender, onPong: (mark: number) => void) {
    this.#core = core;
    this.#heads = new HeadReceiver(core, sender);
    this.#data = new DataReceiver(core);
    this.#control = new ControlReceiver(core, sender.data, onPong);
  }

  get isOver(): boolean {
    return this.#core.isOver;
  }

  get isSated(): boolean {
    return this.#core.turn.isSpent;
  }

  /** A head is here in part. */
  get isIncomplete(): boolean {
    return this.#heads.block.isOpen;
  }

  clear(): void {
    this.#heads.block.clear();
  }

  fail(code: number, sentence: string): void {
    this.#core.fail(code, sentence);
  }

  onFrame(type: number, flags: number, streamId: number, at: number, length: number): void {
    if (!this.#mayFollow(type, flags)) return;
    switch (type) {
      case frames.HEADERS:
        return this.#heads.onHeaders(flags, streamId, at, length);
      case frames.WINDOW_UPDATE:
        return this.#control.onWindowUpdate(streamId, at, length);
      case frames.RST_STREAM:
        return this.#control.onReset(streamId, at, length);
      case frames.SETTINGS:
        return this.#control.onSettings(flags, streamId, at, length);
      case frames.PING:
        return this.#control.onPing(flags, streamId, at, length);
      case frames.CONTINUATION:
        return this.#heads.onContinuation(flags, streamId, at, length);
      case frames.PRIORITY:
        return this.#control.onPriority(streamId, at, length);
      case frames.GOAWAY:
        return this.#control.onGoaway(streamId, at, length);
      default:
        this.#core.fail(PROTOCOL_ERROR, `${this.#core.peerName} sent PUSH_PROMISE, which we do not allow`);
    }
  }

  onDataFrame(flags: number, streamId: number, length: number): void {
    if (this.#mayFollow(frames.DATA, flags)) this.#data.onFrame(flags, streamId, length);
  }

  onDataBytes(at: number, length: number, isLast: boolean): void {
    this.#data.onBytes(at, length, isLast);
  }

  onPadding(length: number): void {
    this.#data.onPadding(length);
  }

  onUnknownFrame(): void {
    if (this.#mayFollow(-1, 0)) this.#core.spend(IGNORED_FRAME);
  }

  /** Nothing comes between the parts of a head (6.10), and SETTINGS comes first (3.4). */
  #mayFollow(type: number, flags: number): boolean {
    const core = this.#core;
    if (type !== frames.CONTINUATION) this.progress++;
    if (this.#heads.block.isOpen && type !== frames.CONTINUATION) {
      core.fail(PROTOCOL_ERROR, 'a frame between the parts of a head');
      return false;
    }
    if (this.#isGreeted) return true;
    this.#isGreeted = type === frames.SETTINGS && (flags & frames.FLAG_ACK) === 0;
    if (!this.#isGreeted) core.fail(PROTOCOL_ERROR, `${core.peerName} did not begin with SETTINGS`);
    return this.#isGreeted;
  }
}
