/** Frames that carry no message: SETTINGS, PING, WINDOW_UPDATE, RST_STREAM, PRIORITY, GOAWAY (RFC 9113 6). */
import { IGNORED_FRAME, PEER_RESET, PING_FRAME, SETTINGS_FRAME, WINDOW_UPDATE_FRAME } from './abuse.ts';
import type { DataSender } from './data-sender.ts';
import { FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, nameErrorCode, PROTOCOL_ERROR, REFUSED_STREAM } from './error-codes.ts';
import { FLAG_ACK, readUint31, readUint32 } from './frames.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { SessionCore } from './session-core.ts';
import { SETTING_BYTES } from './settings.ts';
import { HALF_CLOSED_LOCAL } from './stream-table.ts';
import { sendPing, sendSettingsAck } from './write-frames.ts';

export class ControlReceiver {
  readonly #core: SessionCore;
  readonly #data: DataSender;
  readonly #onPong: (mark: number) => void;

  /** @param onPong a PING of ours was answered */
  constructor(core: SessionCore, data: DataSender, onPong: (mark: number) => void) {
    this.#core = core;
    this.#data = data;
    this.#onPong = onPong;
  }

  onSettings(flags: number, streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (streamId !== 0) return core.fail(PROTOCOL_ERROR, 'a SETTINGS frame on a stream');
    if (flags & FLAG_ACK) return this.#onSettingsAck(length);
    if (length % SETTING_BYTES !== 0) return core.fail(FRAME_SIZE_ERROR, `a SETTINGS frame of ${length} bytes`);
    if (!core.spend(SETTINGS_FRAME)) return;
    const { peer } = core;
    const window = peer.initialWindow;
    const table = peer.headerTable;
    const from = core.role === 'server' ? 'client' : 'server';
    if (!peer.apply(core.memory.slab.bytes, at, length, from)) return core.fail(peer.error, peer.sentence);
    if (peer.headerTable !== table) core.encoder.setPeerLimit(peer.headerTable);
    if (peer.initialWindow !== window && !this.#moveWindows(peer.initialWindow - window)) return;
    sendSettingsAck(core.output);
    core.shownStreams = Number.POSITIVE_INFINITY;
    core.noteCapacity();
  }

  onPing(flags: number, streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (streamId !== 0) return core.fail(PROTOCOL_ERROR, 'a PING frame on a stream');
    if (length !== 8) return core.fail(FRAME_SIZE_ERROR, `a PING frame of ${length} bytes`);
    if (flags & FLAG_ACK) return this.#onPong(readUint32(core.memory.slab.bytes, at));
    if (core.spend(PING_FRAME)) sendPing(core.output, FLAG_ACK, at);
  }

  onWindowUpdate(streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (length !== 4) return core.fail(FRAME_SIZE_ERROR, `a WINDOW_UPDATE frame of ${length} bytes`);
    if (!core.spend(WINDOW_UPDATE_FRAME)) return;
    const increment = readUint31(core.memory.slab.bytes, at);
    if (streamId === 0) return this.#widen(increment);
    const stream = this.#find(streamId, 'WINDOW_UPDATE');
    if (stream === null) return;
    if (increment === 0) core.refuse(stream, PROTOCOL_ERROR, 'a WINDOW_UPDATE frame of 0');
    else if (!this.#data.widenStream(stream, increment)) {
      core.refuse(stream, FLOW_CONTROL_ERROR, "the stream's window grew beyond 2^31 - 1");
    }
  }

  onReset(streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (length !== 4) return core.fail(FRAME_SIZE_ERROR, `an RST_STREAM frame of ${length} bytes`);
    const stream = this.#find(streamId, 'RST_STREAM');
    if (stream === null) return;
    // Work was begun for it and nobody wants its result. With our message already sent, there is nothing left to cancel.
    if (core.role === 'server' && stream.state !== HALF_CLOSED_LOCAL && !core.spend(PEER_RESET)) return;
    const code = readUint32(core.memory.slab.bytes, at);
    const isRefused = core.role === 'client' && code === REFUSED_STREAM;
    // Whatever its SETTINGS say: it takes no more than the others for now.
    if (isRefused) core.shownStreams = Math.max(1, core.streams.count - 1);
    const sentence = `${core.peerName} reset the stream with ${nameErrorCode(code)}`;
    core.drop(stream, code, isRefused, sentence);
  }

  /** Priorities are obsolete and ignored (5.3.2). */
  onPriority(streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (streamId === 0) return core.fail(PROTOCOL_ERROR, 'a PRIORITY frame without a stream');
    if (length !== 5) return core.fail(FRAME_SIZE_ERROR, `a PRIORITY frame of ${length} bytes`);
    if (readUint31(core.memory.slab.bytes, at) === streamId) {
      return core.fail(PROTOCOL_ERROR, 'a stream that depends on itself');
    }
    core.spend(IGNORED_FRAME);
  }

  /** The peer takes no new streams; those above its last one were not and will not be processed (6.8). */
  onGoaway(streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (streamId !== 0) return core.fail(PROTOCOL_ERROR, 'a GOAWAY frame on a stream');
    if (length < 8) return core.fail(FRAME_SIZE_ERROR, `a GOAWAY frame of ${length} bytes`);
    if (!core.spend(SETTINGS_FRAME)) return;
    const { bytes } = core.memory.slab;
    const last = readUint31(bytes, at);
    const code = readUint32(bytes, at + 4);
    core.isDraining = true;
    if (core.role === 'client') this.#endAbove(last, code);
    core.events.onGoaway(code);
  }

  #endAbove(last: number, code: number): void {
    const core = this.#core;
    const sentence = `the server is going away (${nameErrorCode(code)})`;
    const unseen = core.streams.live.list().filter((stream) => stream.id > last);
    for (const stream of [...unseen, ...core.streams.unsent]) {
      if (!stream.isClosed) core.drop(stream, code, true, sentence);
    }
  }

  #onSettingsAck(length: number): void {
    const core = this.#core;
    if (length !== 0) return core.fail(FRAME_SIZE_ERROR, 'an acknowledgement of SETTINGS with content');
    if (!core.settingsAcked) core.decoder.setCapacityLimit(core.config.headerTableBytes);
    core.settingsAcked = true;
  }

  /** A new SETTINGS_INITIAL_WINDOW_SIZE moves the windows of all streams (6.9.2). */
  #moveWindows(by: number): boolean {
    for (const stream of this.#core.streams.live.list()) {
      if (this.#data.widenStream(stream, by)) continue;
      this.#core.fail(FLOW_CONTROL_ERROR, "SETTINGS made a stream's window grow beyond 2^31 - 1");
      return false;
    }
    return true;
  }

  #widen(increment: number): void {
    if (increment === 0) this.#core.fail(PROTOCOL_ERROR, 'a WINDOW_UPDATE frame of 0');
    else if (!this.#data.widen(increment)) {
      this.#core.fail(FLOW_CONTROL_ERROR, "the connection's window grew beyond 2^31 - 1");
    }
  }

  /** The stream, or null when it is over, which is no error for the frames that may cross its end. */
  #find(streamId: number, type: string): Http2Stream | null {
    const core = this.#core;
    if (streamId === 0) core.fail(PROTOCOL_ERROR, `an ${type} frame without a stream`);
    else {
      const stream = core.streams.live.find(streamId);
      if (stream !== null) return stream;
      if (core.isIdle(streamId))
        core.fail(PROTOCOL_ERROR, `${core.peerName} sent ${type} on stream ${streamId}, which is idle`);
    }
    return null;
  }
}
