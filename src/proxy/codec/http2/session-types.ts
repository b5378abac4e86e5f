/** What a session needs from its owner and tells it. */
import type { Slab } from '../../../reactor/slab.ts';
import type { HeadArea } from './hpack-area.ts';
import type { Http2Head } from './http2-head.ts';
import type { Http2Stream } from './http2-stream.ts';

/** 'server': towards our clients. 'client': towards an endpoint. */
export type Role = 'server' | 'client';

export interface SessionEvents {
  /**
   * Server role: a request; `head` is valid during the call. Set `stream.user` before returning (`onData` may follow at
   * once), or answer or reset it.
   */
  onRequest(stream: Http2Stream, head: Http2Head, end: boolean): void;
  /** Server role: a request that never became one was answered (431) or reset (400 stands for that) here: count it. */
  onRefused(status: number, sentence: string): void;
  /** Client role: `openStream` may succeed now: SETTINGS came or a stream ended. */
  onCapacity(): void;
  /**
   * The peer is going away: `capacity` is 0 from now on. Streams that it will not process have heard `onReset(code, true)`;
   * the others finish.
   */
  onGoaway(code: number): void;
  /** The last stream ended (after `shutdown`: the connection can be closed once the output is out). */
  onIdle(): void;
  /**
   * The connection is broken: all streams have heard `onReset`, GOAWAY(code) is written if we found the error. The owner
   * closes gently; `receive` and all else do nothing any more.
   */
  onFatal(code: number, sentence: string): void;
}

/** Shared by all sessions of a data thread: heads are read one at a time, and used before the next one. */
export interface SessionMemory {
  readonly slab: Slab;
  readonly head: Http2Head;
  readonly headArea: HeadArea;
}

export interface SessionOutput {
  /** As `Reactor.write`: takes everything; false when the socket is full, until `session.onDrain`. */
  write(at: number, length: number): boolean;
  /** Asks for `session.flush()` at the end of the turn; called at most once before each flush. */
  requestFlush(): void;
  /** false: stop reading from the socket, too much waits for the peer to read; true: go on. */
  setReading(on: boolean): void;
}
