/** What a server may do to a stream other than answer it properly, and what its client must see of that. */
import { CODE, dataFrame, frame, goawayFrame, headersFrame, resetFrame, TYPE, windowFrame } from './frames.ts';
import { block, request } from './hpack.ts';
import type { RawPeer } from './raw-peer.ts';

const head = (stream: number, end: boolean, more: readonly (readonly [string, string])[] = []): Buffer =>
  headersFrame(stream, block([[':status', '200'], ...more]), end);

/** What the server does with the `n`th request (from 0) that it has heard; `stream` is its number on that connection. */
export type Script = (peer: RawPeer, stream: number, n: number) => void;

export interface Ending {
  readonly title: string;
  /** A request that must not be sent twice unless it was provably not processed. */
  readonly method: 'GET' | 'POST';
  readonly script: Script;
  /** Requests that the server hears in all. */
  readonly heard: number;
  /** What the client gets in the end; bytes null = no matter. */
  readonly status: number | null;
  readonly bytes: number | null;
  /** Code of the stream's reset; null = a clean end. */
  readonly code: number | null;
  readonly counted: string;
}

export const answer = (peer: RawPeer, stream: number): void =>
  peer.send(head(stream, false), dataFrame(stream, 'answer', true));
/** Does `first` to the first request and answers the others. */
const firstOnly =
  (first: (peer: RawPeer, stream: number) => void): Script =>
  (peer, stream, n) =>
    n === 0 ? first(peer, stream) : answer(peer, stream);

export const ENDINGS: readonly Ending[] = [
  {
    title: 'REFUSED_STREAM before the answer: sent again, whatever the method',
    method: 'POST',
    script: firstOnly((peer, stream) => peer.send(resetFrame(stream, CODE.REFUSED_STREAM))),
    heard: 2,
    status: 200,
    bytes: 6,
    code: null,
    counted: '200',
  },
  {
    title: 'GOAWAY that leaves the request out: sent again on another connection, whatever the method',
    method: 'POST',
    script: firstOnly((peer) => peer.send(goawayFrame(0, CODE.NO_ERROR))),
    heard: 2,
    status: 200,
    bytes: 6,
    code: null,
    counted: '200',
  },
  {
    title: 'GOAWAY that includes the request: the answer still comes',
    method: 'POST',
    script(peer, stream) {
      peer.send(goawayFrame(stream, CODE.NO_ERROR));
      setTimeout(() => answer(peer, stream), 100);
    },
    heard: 1,
    status: 200,
    bytes: 6,
    code: null,
    counted: '200',
  },
  {
    title: 'INTERNAL_ERROR before the answer to an unsafe request reaches the client: never sent again',
    method: 'POST',
    script: (peer, stream) => peer.send(resetFrame(stream, CODE.INTERNAL_ERROR)),
    heard: 1,
    status: null,
    bytes: null,
    code: CODE.INTERNAL_ERROR,
    counted: '0 UR',
  },
  {
    title: 'the connection breaks before the answer to an unsafe request: never sent again',
    method: 'POST',
    script: (peer) => peer.socket.resetAndDestroy(),
    heard: 1,
    status: 503,
    bytes: null,
    code: null,
    counted: '503 UC',
  },
  {
    title: 'a reset in the middle of the body is a reset',
    method: 'GET',
    script: (peer, stream) =>
      peer.send(head(stream, false), dataFrame(stream, 'part', false), resetFrame(stream, CODE.INTERNAL_ERROR)),
    heard: 1,
    status: 200,
    bytes: 4,
    code: CODE.INTERNAL_ERROR,
    counted: '200 UR',
  },
  {
    title: 'a reset with NO_ERROR in the middle of the body is no clean end',
    method: 'GET',
    script: (peer, stream) =>
      peer.send(head(stream, false), dataFrame(stream, 'part', false), resetFrame(stream, CODE.NO_ERROR)),
    heard: 1,
    status: 200,
    bytes: 4,
    code: CODE.INTERNAL_ERROR,
    counted: '200 UR',
  },
  {
    title: 'the connection breaks in the middle of the body',
    method: 'GET',
    script(peer, stream) {
      peer.send(head(stream, false), dataFrame(stream, 'part', false));
      setTimeout(() => peer.socket.resetAndDestroy(), 50);
    },
    heard: 1,
    status: 200,
    bytes: 4,
    code: CODE.INTERNAL_ERROR,
    counted: '200 UC',
  },
  {
    title: 'the connection ends in the middle of the body, without GOAWAY',
    method: 'GET',
    script(peer, stream) {
      peer.send(head(stream, false), dataFrame(stream, 'part', false));
      setTimeout(() => peer.socket.end(), 50);
    },
    heard: 1,
    status: 200,
    bytes: 4,
    code: CODE.INTERNAL_ERROR,
    counted: '200 UC',
  },
  {
    title: 'fewer bytes than content-length are no clean end',
    method: 'GET',
    script: (peer, stream) =>
      peer.send(head(stream, false, [['content-length', '10']]), dataFrame(stream, 'part', true)),
    heard: 1,
    status: 200,
    bytes: null,
    code: CODE.INTERNAL_ERROR,
    counted: '200 UPE',
  },
  {
    title: 'an answer without a status is refused',
    method: 'GET',
    script: (peer, stream) => peer.send(headersFrame(stream, block([['x-a', 'b']]), true)),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'an answer with an upper-case name is refused',
    method: 'GET',
    script: (peer, stream) => peer.send(head(stream, true, [['X-Upper', 'b']])),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'an answer with a line break in a value is refused',
    method: 'GET',
    script: (peer, stream) => peer.send(head(stream, true, [['x-split', 'a\r\nb: c']])),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'a body before the head is refused',
    method: 'GET',
    script: (peer, stream) => peer.send(dataFrame(stream, 'part', true)),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'an answer that ends with a 103 is refused',
    method: 'GET',
    script: (peer, stream) => peer.send(headersFrame(stream, block([[':status', '103']]), true)),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'a block that is no HPACK ends the connection to the server',
    method: 'POST',
    script: (peer, stream) => peer.send(headersFrame(stream, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), true)),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'PUSH_PROMISE, which we never allowed, ends the connection to the server',
    method: 'POST',
    script: (peer, stream) =>
      peer.send(frame(TYPE.PUSH_PROMISE, 4, stream, Buffer.concat([Buffer.from([0, 0, 0, 2]), request('GET', '/')]))),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
  {
    title: 'a window that overflows resets the stream',
    method: 'POST',
    script: (peer, stream) => peer.send(windowFrame(stream, 0x7fff_ffff), windowFrame(stream, 0x7fff_ffff)),
    heard: 1,
    status: 502,
    bytes: null,
    code: null,
    counted: '502 UPE',
  },
];
