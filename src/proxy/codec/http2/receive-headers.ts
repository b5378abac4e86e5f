/** Heads and trailers in (RFC 9113 6.2, 6.10, 8.1). */
import { EMPTY_FRAME, PROVOKED_RESET } from './abuse.ts';
import {
  CANCEL,
  COMPRESSION_ERROR as CONNECTION_COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './error-codes.ts';
import { FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PADDED, FLAG_PRIORITY, INITIAL_WINDOW, readUint31 } from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import {
  COMPRESSION_ERROR,
  DECODED,
  type DecodeResult,
  type HeadKind,
  type Http2Head,
  TOO_LARGE,
} from './http2-head.ts';
import { Http2Stream, type StreamOwner } from './http2-stream.ts';
import type { SessionCore } from './session-core.ts';
import { errorOf, HALF_CLOSED_REMOTE, nextState, OPEN, RECEIVE_HEADERS } from './stream-table.ts';
import { sendReset } from './write-frames.ts';

const NO_BODY = new Uint8Array(0);

export class HeadReceiver {
  readonly #core: SessionCore;
  readonly #owner: StreamOwner;
  readonly block: HeaderBlock;

  constructor(core: SessionCore, owner: StreamOwner) {
    const { maxHeaderBlockBytes, maxContinuations } = core.config;
    this.#core = core;
    this.#owner = owner;
    this.block = new HeaderBlock(core.memory.slab, maxHeaderBlockBytes, maxContinuations);
  }

  /** HEADERS: the section is what padding and priority leave of the payload. */
  onHeaders(flags: number, streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (streamId === 0) return core.fail(PROTOCOL_ERROR, 'a HEADERS frame without a stream');
    let from = at;
    let to = at + length;
    if (flags & FLAG_PADDED) {
      to -= length === 0 ? 0 : core.memory.slab.bytes[from];
      from++;
    }
    let dependsOn = -1;
    if (flags & FLAG_PRIORITY) {
      dependsOn = from + 5 <= at + length ? readUint31(core.memory.slab.bytes, from) : -1;
      from += 5;
    }
    if (from > at + length) return core.fail(FRAME_SIZE_ERROR, 'a HEADERS frame is too short for its flags');
    if (from > to) return core.fail(PROTOCOL_ERROR, 'the padding of a HEADERS frame is as long as the frame');
    if (dependsOn === streamId) return core.fail(PROTOCOL_ERROR, 'a stream that depends on itself');
    const endsStream = (flags & FLAG_END_STREAM) !== 0;
    if (flags & FLAG_END_HEADERS) return this.#onSection(streamId, endsStream, from, to - from);
    if (from === to && !core.spend(EMPTY_FRAME)) return;
    if (!this.block.begin(streamId, endsStream, from, to - from)) this.#tooMuch();
  }

  onContinuation(flags: number, streamId: number, at: number, length: number): void {
    const core = this.#core;
    const { block } = this;
    if (block.streamId !== streamId || streamId === 0) {
      return core.fail(PROTOCOL_ERROR, 'a CONTINUATION frame that continues nothing');
    }
    if (length === 0 && (flags & FLAG_END_HEADERS) === 0 && !core.spend(EMPTY_FRAME)) return;
    if (!block.append(at, length)) return this.#tooMuch();
    if ((flags & FLAG_END_HEADERS) === 0) return;
    // The section stays in the stash until its head was used; the block counts as complete from now on.
    block.streamId = 0;
    this.#onSection(streamId, block.endsStream, block.at, block.length);
    block.clear();
  }

  #tooMuch(): void {
    this.block.clear();
    this.#core.fail(ENHANCE_YOUR_CALM, `${this.#core.peerName} sent a head of too many bytes or frames`);
  }

  #onSection(streamId: number, end: boolean, at: number, length: number): void {
    const core = this.#core;
    const stream = core.streams.live.find(streamId);
    if (stream !== null) this.#onMore(stream, end, at, length);
    else if (core.role === 'server' && (streamId & 1) === 1 && streamId > core.lastPeerId) {
      this.#onNew(streamId, end, at, length);
    } else this.#onStrange(streamId, at, length);
  }

  /** A head for a stream that is not there: decoded for the table's sake if the peer may not know yet that it is gone. */
  #onStrange(streamId: number, at: number, length: number): void {
    const core = this.#core;
    if (core.isIdle(streamId)) {
      return core.fail(PROTOCOL_ERROR, `${core.peerName} sent HEADERS on stream ${streamId}, which it may not open`);
    }
    if (!core.resets.mayHave(streamId) && streamId <= core.acceptedId) {
      return core.fail(STREAM_CLOSED, `${core.peerName} sent HEADERS on stream ${streamId}, which is closed`);
    }
    this.#decode(at, length, 'trailers');
  }

  /** Decodes; a broken table ends the connection. */
  #decode(at: number, length: number, kind: HeadKind): DecodeResult {
    const core = this.#core;
    const result = core.decoder.decode(at, length, kind, core.memory.head);
    if (result === COMPRESSION_ERROR) core.fail(CONNECTION_COMPRESSION_ERROR, core.decoder.reason);
    return result;
  }

  // === server role: requests ===

  #onNew(streamId: number, end: boolean, at: number, length: number): void {
    const core = this.#core;
    core.lastPeerId = streamId;
    const result = this.#decode(at, length, 'request');
    core.turn.spend(bytesOfValues(core.memory.head));
    if (result === COMPRESSION_ERROR || streamId > core.acceptedId) return;
    if (core.streams.count >= core.config.maxConcurrentStreams) return this.#refuseNew(streamId, REFUSED_STREAM);
    if (result === TOO_LARGE) return this.#answerTooLarge(streamId, end);
    const { head } = core.memory;
    if (result !== DECODED) return this.#refuseMalformed(streamId, core.decoder.reason);
    if (end && head.contentLength > 0)
      return this.#refuseMalformed(streamId, 'content-length promises a body and there is none');
    const stream = this.#open(streamId, end);
    if (!head.isConnect) stream.expected = head.contentLength;
    core.events.onRequest(stream, head, end);
    if (stream.user === null && !stream.isClosed && !stream.localEnded) stream.reset(INTERNAL_ERROR);
  }

  #open(streamId: number, end: boolean): Http2Stream {
    const core = this.#core;
    const state = end ? HALF_CLOSED_REMOTE : OPEN;
    const { initialStreamWindow } = core.config;
    const stream = new Http2Stream(this.#owner, streamId, null, state, core.peer.initialWindow, initialStreamWindow);
    // Before it knows our SETTINGS, the client goes by the protocol's window.
    if (!core.settingsAcked) stream.receiveWindow = Math.max(initialStreamWindow, INITIAL_WINDOW);
    stream.hasHead = true;
    stream.remoteEnded = end;
    core.streams.live.add(stream);
    core.abuse.earnStream();
    return stream;
  }

  /** No stream object for what is refused at once. */
  #refuseNew(streamId: number, code: number): void {
    const core = this.#core;
    // Before it knows our limit, a peer cannot keep to it.
    if (core.settingsAcked && !core.spend(PROVOKED_RESET)) return;
    core.resets.add(streamId);
    sendReset(core.output, streamId, code);
  }

  #refuseMalformed(streamId: number, sentence: string): void {
    this.#refuseNew(streamId, PROTOCOL_ERROR);
    if (!this.#core.isOver) this.#core.events.onRefused(400, sentence);
  }

  #answerTooLarge(streamId: number, end: boolean): void {
    const core = this.#core;
    if (!core.spend(PROVOKED_RESET)) return;
    const stream = this.#open(streamId, end);
    stream.sendAnswer({ status: 431, fields: [], body: NO_BODY });
    if (!end) stream.reset(NO_ERROR);
    core.events.onRefused(431, core.decoder.reason);
  }

  // === responses and trailers ===

  #onMore(stream: Http2Stream, end: boolean, at: number, length: number): void {
    const core = this.#core;
    const kind = core.role === 'server' || stream.hasHead ? 'trailers' : 'response';
    const result = this.#decode(at, length, kind);
    if (result === COMPRESSION_ERROR) return;
    const outcome = nextState(stream.state, RECEIVE_HEADERS);
    if (outcome < 0) {
      return core.refuse(stream, errorOf(outcome), `${core.peerName} sent HEADERS after the end of its message`);
    }
    if (result === TOO_LARGE) return core.refuse(stream, CANCEL, core.decoder.reason);
    if (result !== DECODED) return core.refuse(stream, PROTOCOL_ERROR, core.decoder.reason);
    if (kind === 'response') this.#onResponse(stream, end);
    else if (!end) core.refuse(stream, PROTOCOL_ERROR, 'trailers do not end the message');
    else if (stream.expected > 0) core.refuse(stream, PROTOCOL_ERROR, 'the body is shorter than content-length said');
    else {
      core.endRemote(stream);
      stream.user?.onTrailers(core.memory.head);
    }
  }

  #onResponse(stream: Http2Stream, end: boolean): void {
    const core = this.#core;
    const { head } = core.memory;
    const { status, contentLength } = head;
    if (status < 200) {
      if (end) return core.refuse(stream, PROTOCOL_ERROR, `the server ended the stream with status ${status}`);
      return stream.user?.onHead(head, false);
    }
    stream.hasHead = true;
    if (status === 204 || status === 304) stream.isBodiless = true;
    const isTunnel = stream.isTunnel && status < 300;
    if (!stream.isBodiless && !isTunnel) stream.expected = contentLength;
    if (end && stream.expected > 0) {
      return core.refuse(stream, PROTOCOL_ERROR, 'content-length promises a body and there is none');
    }
    if (end) core.endRemote(stream);
    stream.user?.onHead(head, end);
  }
}

function bytesOfValues(head: Http2Head): number {
  let bytes = 0;
  for (let i = 0; i < head.fieldCount; i++) bytes += head.valueLength[i];
  return bytes;
}
