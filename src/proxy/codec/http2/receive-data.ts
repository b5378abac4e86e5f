/** DATA in: windows, padding, states, content-length (RFC 9113 5.2, 6.1, 8.1.1). */
import { EMPTY_FRAME } from './abuse.ts';
import { FLOW_CONTROL_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './error-codes.ts';
import { FLAG_END_STREAM, FLAG_PADDED } from './frames.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { SessionCore } from './session-core.ts';
import { CLOSED, errorOf, nextState, RECEIVE_DATA } from './stream-table.ts';

export class DataReceiver {
  readonly #core: SessionCore;
  /** Whose bytes follow; null = nobody's, they are dropped. */
  #stream: Http2Stream | null = null;
  #endsStream = false;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  onFrame(flags: number, streamId: number, length: number): void {
    const core = this.#core;
    this.#stream = null;
    this.#endsStream = (flags & FLAG_END_STREAM) !== 0;
    if (!core.credit.charge(length)) {
      return core.fail(FLOW_CONTROL_ERROR, `${core.peerName} sent more DATA than the connection's window allows`);
    }
    const stream = core.streams.live.find(streamId);
    if (stream === null) this.#onStrange(streamId);
    else if (this.#isAllowed(stream, length) && (flags & FLAG_PADDED || this.#isExpected(stream, length))) {
      stream.receiveWindow -= length;
      this.#stream = stream;
    }
    if (this.#stream === null) core.grantConnection();
  }

  onBytes(at: number, length: number, isLast: boolean): void {
    const stream = this.#stream;
    const core = this.#core;
    const end = isLast && this.#endsStream;
    if (length === 0 && !end && !core.spend(EMPTY_FRAME)) return;
    if (stream === null || stream.state === CLOSED) return core.grantConnection();
    if (!this.#fitsLength(stream, length, end)) return;
    if (end) core.endRemote(stream);
    if (stream.user === null) return stream.consumed(length);
    stream.unconsumed += length;
    core.credit.unconsumed += length;
    core.grantConnection();
    if (length > 0 || end) stream.user.onData(at, length, end);
  }

  /** Padding costs the peer its window and nobody consumes it. */
  onPadding(length: number): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.unconsumed += length;
    this.#core.credit.unconsumed += length;
    stream.consumed(length);
  }

  /** DATA for a stream that is not there: an error, unless we reset it or refused it and the peer may not know yet. */
  #onStrange(streamId: number): void {
    const core = this.#core;
    if (core.isIdle(streamId)) {
      return core.fail(PROTOCOL_ERROR, `${core.peerName} sent DATA on stream ${streamId}, which is idle`);
    }
    if (core.resets.mayHave(streamId) || streamId > core.acceptedId) return;
    core.fail(STREAM_CLOSED, `${core.peerName} sent DATA on stream ${streamId}, which is closed`);
  }

  #isAllowed(stream: Http2Stream, length: number): boolean {
    const core = this.#core;
    const outcome = nextState(stream.state, RECEIVE_DATA);
    if (outcome < 0) core.refuse(stream, errorOf(outcome), `${core.peerName} sent DATA after the end of its message`);
    else if (!stream.hasHead) core.refuse(stream, PROTOCOL_ERROR, `${core.peerName} sent DATA before its head`);
    else if (length > stream.receiveWindow) {
      core.refuse(stream, FLOW_CONTROL_ERROR, `${core.peerName} sent more DATA than the stream's window allows`);
    } else return true;
    return false;
  }

  /** No more than content-length says (8.1.1): of an unpadded frame, nothing is passed on then. */
  #isExpected(stream: Http2Stream, length: number): boolean {
    if (length > 0 && stream.isBodiless) {
      this.#core.refuse(stream, PROTOCOL_ERROR, 'the server sent DATA in a response that has no content');
      return false;
    }
    if (stream.expected < 0 || length <= stream.expected) return true;
    this.#core.refuse(stream, PROTOCOL_ERROR, `${this.#core.peerName} sent more DATA than content-length said`);
    return false;
  }

  /** And, at the end, no less. */
  #fitsLength(stream: Http2Stream, length: number, end: boolean): boolean {
    if (!this.#isExpected(stream, length)) return false;
    if (stream.expected < 0) return true;
    stream.expected -= length;
    if (!end || stream.expected === 0) return true;
    this.#core.refuse(stream, PROTOCOL_ERROR, `${this.#core.peerName} sent less DATA than content-length said`);
    return false;
  }
}
