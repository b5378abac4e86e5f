/** What owners do with streams: heads, data, trailers, resets, in the order and the states that RFC 9113 5.1 allows. */
import { LARGE_CHUNK, SlabExhausted } from '../../../reactor/slab.ts';
import type { MessageHead } from '../message-head.ts';
import { DataSender } from './data-sender.ts';
import { CANCEL, ENHANCE_YOUR_CALM, INTERNAL_ERROR } from './error-codes.ts';
import { type Http2HeadPlan, TOO_SMALL } from './hpack-encoder.ts';
import { END_WITH_TRAILERS, type Http2Answer, type Http2Stream, type StreamOwner } from './http2-stream.ts';
import { keepTrailers } from './kept-trailers.ts';
import type { SessionCore } from './session-core.ts';
import { CLOSED, IDLE, nextState, OPEN, SEND_DATA, SEND_HEADERS } from './stream-table.ts';
import { consumeOfStream } from './windows.ts';
import { sendWindowUpdate } from './write-frames.ts';
import { finishHead, headRoom, reserveHead, reserveLargeHead } from './write-head.ts';

export const OUT_OF_BUFFERS = 'the proxy is out of buffers';
/** How sentences about a peer that took no progress, or too little, begin. */
export const TOO_SLOW = 'the receiver reads too slowly';
const NOT_READING = `${TOO_SLOW}: too much is kept back for it`;

export class StreamSender implements StreamOwner {
  readonly #core: SessionCore;
  readonly data: DataSender;

  constructor(core: SessionCore) {
    this.#core = core;
    this.data = new DataSender(core, (stream, head) => this.#writeTrailers(stream, head));
  }

  sendHead(stream: Http2Stream, head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean {
    if (stream.localEnded || nextState(stream.state, SEND_HEADERS) < 0) return true;
    const core = this.#core;
    try {
      if (core.role === 'client') return this.#sendRequest(stream, head, plan, end);
      if (!this.#writeResponse(stream, head, plan, end)) return false;
      if (head.status >= 200) stream.sentHead = true;
      if (end) this.#core.endLocal(stream);
      return true;
    } catch (error) {
      this.#outOfBuffers(error);
      return true;
    }
  }

  sendData(stream: Http2Stream, at: number, length: number, end: boolean): boolean {
    if (stream.localEnded || nextState(stream.state, SEND_DATA) < 0) return true;
    if (length === 0 && !end) return true;
    try {
      return this.data.send(stream, at, length, end);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      // The stream is given up, not its neighbours.
      this.#giveUp(stream, ENHANCE_YOUR_CALM, NOT_READING);
      return false;
    }
  }

  sendTrailers(stream: Http2Stream, head: MessageHead): void {
    if (stream.localEnded || nextState(stream.state, SEND_DATA) < 0) return;
    try {
      stream.localEnded = true;
      if (stream.kept === null) return this.#writeTrailers(stream, head);
      stream.kept.trailers = keepTrailers(this.#core.memory.slab, head);
      stream.keptEnd = END_WITH_TRAILERS;
      if (stream.kept.trailers < 0) this.#giveUp(stream, CANCEL, 'the trailers are larger than 64 KiB');
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  sendAnswer(stream: Http2Stream, answer: Http2Answer): void {
    if (stream.localEnded || stream.sentHead || nextState(stream.state, SEND_HEADERS) < 0) return;
    try {
      this.#writeAnswer(stream, answer);
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  reset(stream: Http2Stream, code: number): void {
    try {
      this.#core.reset(stream, code < 0 ? INTERNAL_ERROR : code);
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  consumed(stream: Http2Stream, length: number): void {
    const n = Math.min(length, stream.unconsumed);
    if (n === 0 || this.#core.isOver) return;
    try {
      this.#consume(stream, n);
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  hold(stream: Http2Stream): void {
    this.#core.streams.hold(stream);
  }

  release(stream: Http2Stream): void {
    this.#core.release(stream);
  }

  #consume(stream: Http2Stream, length: number): void {
    const core = this.#core;
    stream.unconsumed -= length;
    core.credit.unconsumed -= length;
    core.grantConnection();
    if (stream.remoteEnded || stream.state === CLOSED) return;
    const { streamWindow, maxUnconsumed } = core.config;
    const size = stream.windowSize;
    const increment = consumeOfStream(stream, length, Math.min(streamWindow - size, maxUnconsumed - core.grown));
    core.grown += stream.windowSize - size;
    if (increment > 0) sendWindowUpdate(core.output, stream.id, increment);
  }

  /** The first head of a client's stream gives it its id: ids grow in the order of HEADERS frames (RFC 9113 5.1.1). */
  #sendRequest(stream: Http2Stream, head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean {
    const core = this.#core;
    if (stream.state !== IDLE) return true;
    if (!this.#writeRequest(core.nextId, head, plan, end)) return false;
    stream.id = core.nextId;
    core.streams.send(stream);
    core.nextId += 2;
    stream.state = OPEN;
    stream.sendWindow = core.peer.initialWindow;
    stream.isBodiless = head.isHead;
    stream.isTunnel = head.isConnect;
    stream.sentHead = true;
    if (end) this.#core.endLocal(stream);
    return true;
  }

  #writeRequest(id: number, head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean {
    const { output, encoder, peer } = this.#core;
    let at = reserveHead(output);
    let length = encoder.encodeRequest(head, plan, at, headRoom(output));
    if (length === TOO_SMALL) {
      at = reserveLargeHead(output);
      length = encoder.encodeRequest(head, plan, at, headRoom(output));
      if (length === TOO_SMALL) return false;
    }
    finishHead(output, at, length, id, end, peer.maxFrame);
    return true;
  }

  #writeResponse(stream: Http2Stream, head: MessageHead, plan: Http2HeadPlan, end: boolean): boolean {
    const { output, encoder, peer } = this.#core;
    let at = reserveHead(output);
    let length = encoder.encodeResponse(head, plan, at, headRoom(output));
    if (length === TOO_SMALL) {
      at = reserveLargeHead(output);
      length = encoder.encodeResponse(head, plan, at, headRoom(output));
      if (length === TOO_SMALL) return false;
    }
    finishHead(output, at, length, stream.id, end, peer.maxFrame);
    return true;
  }

  #writeTrailers(stream: Http2Stream, head: MessageHead): void {
    const { output, encoder, peer } = this.#core;
    let at = reserveHead(output);
    let length = encoder.encodeTrailers(head, at, headRoom(output));
    if (length === TOO_SMALL) {
      at = reserveLargeHead(output);
      length = encoder.encodeTrailers(head, at, headRoom(output));
    }
    if (length === TOO_SMALL) return this.#giveUp(stream, CANCEL, 'the trailers are larger than 64 KiB');
    // All fields were left out.
    if (length === 0) return this.data.sendEnd(stream);
    finishHead(output, at, length, stream.id, true, peer.maxFrame);
    this.#core.endLocal(stream);
  }

  #writeAnswer(stream: Http2Stream, answer: Http2Answer): void {
    const { output, encoder, peer } = this.#core;
    const { body } = answer;
    let at = reserveHead(output);
    let length = encoder.encodeOwn(answer.status, answer.fields, at, headRoom(output));
    if (length === TOO_SMALL) {
      at = reserveLargeHead(output);
      length = encoder.encodeOwn(answer.status, answer.fields, at, headRoom(output));
    }
    if (length === TOO_SMALL) return this.#giveUp(stream, CANCEL, 'the answer is larger than 64 KiB');
    finishHead(output, at, length, stream.id, body.length === 0, peer.maxFrame);
    stream.sentHead = true;
    if (body.length === 0) return this.#core.endLocal(stream);
    const { slab } = this.#core.memory;
    const copy = slab.allocate(Math.min(body.length, LARGE_CHUNK));
    for (let from = 0; from < body.length; from += LARGE_CHUNK) {
      const piece = body.subarray(from, from + LARGE_CHUNK);
      output.bytes.set(piece, copy);
      this.sendData(stream, copy, piece.length, from + piece.length === body.length);
    }
    slab.release(copy);
  }

  #giveUp(stream: Http2Stream, code: number, sentence: string): void {
    try {
      this.#core.giveUp(stream, code, sentence);
    } catch (error) {
      this.#outOfBuffers(error);
    }
  }

  /** No memory even to say so on the stream: the connection ends. @throws any other error */
  #outOfBuffers(error: unknown): void {
    if (!(error instanceof SlabExhausted)) throw error;
    this.#core.fail(INTERNAL_ERROR, OUT_OF_BUFFERS);
  }
}
