/** A request of HTTP/2 whose decision waits: head, body and trailers are kept, in bounds that flow control sets. */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { Socket } from '../../reactor/socket.ts';
import { REFUSED_STREAM } from '../codec/http2/error-codes.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { Http2Stream, StreamUser } from '../codec/http2/http2-stream.ts';
import type { RequestDecision } from '../decide-request.ts';
import type { StreamConnectionOwner } from '../exchange/http2-client-end.ts';
import { type BodyTaker, KeptRequest } from '../exchange/kept-request.ts';
import { decideExplicit, type ExplicitDecision, type Lacks } from './decide-explicit.ts';
import { LookUp } from './look-up.ts';

/** The connection that the stream belongs to. */
export interface StreamServer extends StreamConnectionOwner {
  readonly socket: Socket;
  /** Forwards or answers the request: the stream gets another user, or ends. */
  serve(stream: Http2Stream, decision: RequestDecision, head: Http2Head, end: boolean): void;
}

/** Decides on a request whose head is in the slab. */
export type DecideStream = (head: Http2Head) => ExplicitDecision;

/** Decides now, or as soon as what is lacking is here. */
export function serveExplicitStream(server: StreamServer, stream: Http2Stream, head: Http2Head, end: boolean): void {
  const { context, record } = server;
  serveStream(server, stream, head, end, (asked) => {
    context.asked.note(record.client, null, asked, context.reactor.slab.bytes);
    return decideExplicit(context, asked, context.reactor.slab.bytes);
  });
}

/** The same for any decision that may lack something; `decide` is called again when that has come. */
export function serveStream(
  server: StreamServer,
  stream: Http2Stream,
  head: Http2Head,
  end: boolean,
  decide: DecideStream,
): void {
  const decision = decide(head);
  if (decision.type !== 'lacks') return server.serve(stream, decision, head, end);
  new HeldStream(server, stream, decide).hold(decision, head, end);
}

class HeldStream implements StreamUser {
  readonly #server: StreamServer;
  readonly #stream: Http2Stream;
  readonly #kept: KeptRequest;
  readonly #lookUp: LookUp;
  readonly #decide: DecideStream;
  #ended = false;
  #isOver = false;

  constructor(server: StreamServer, stream: Http2Stream, decide: DecideStream) {
    this.#server = server;
    this.#decide = decide;
    this.#stream = stream;
    this.#kept = new KeptRequest(server.context.exchanges);
    this.#lookUp = new LookUp(server.context, server.socket, () => this.#goOn());
  }

  hold(lacks: Lacks, head: Http2Head, end: boolean): void {
    this.#stream.user = this;
    this.#ended = end;
    if (!this.#keep(() => this.#kept.wait(head, 'http2'))) return;
    const answer = this.#lookUp.fetch(lacks);
    if (answer === null) return;
    this.#over();
    this.#server.serve(this.#stream, answer, head, end);
  }

  onHead(): void {}
  onWritable(): void {}

  onData(at: number, length: number, end: boolean): void {
    this.#ended = end;
    this.#keep(() => {
      this.#kept.addBody(at, length);
      return true;
    });
  }

  onTrailers(head: Http2Head): void {
    this.#ended = true;
    this.#keep(() => {
      this.#kept.addTrailers(head);
      return true;
    });
  }

  onReset(): void {
    this.#over();
  }

  /** False: there is no room, and the stream is refused; nothing of it was acted on. */
  #keep(keep: () => boolean): boolean {
    try {
      if (keep()) return true;
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
    }
    this.#over();
    this.#stream.reset(REFUSED_STREAM);
    return false;
  }

  #goOn(): void {
    if (this.#isOver) return;
    const kept = this.#kept;
    const head = kept.restoreHttp2Head();
    const decided = this.#decide(head);
    const decision = decided.type === 'lacks' ? this.#lookUp.fetch(decided) : decided;
    if (decision === null) return;
    const isWhole = this.#ended && (decision.type === 'answer' || !kept.hasMore);
    this.#server.serve(this.#stream, decision, head, isWhole);
    const { user } = this.#stream;
    if (decision.type === 'forward' && user !== null && user !== this) this.#replay(user);
    this.#over();
  }

  /** Gives what has come meanwhile to the exchange. */
  #replay(user: StreamUser): void {
    const taker: BodyTaker = {
      sendData: (at, length, end) => {
        user.onData(at, length, end);
        return true;
      },
      sendTrailers: (head) => user.onTrailers(head),
    };
    this.#kept.sendBody(taker, this.#ended);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#stream.user === this) this.#stream.user = null;
    this.#kept.drop();
  }
}
