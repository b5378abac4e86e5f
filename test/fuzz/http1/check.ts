/** What must hold for every stream: nobody is led to see other messages than those that the proxy has forwarded. */
import { METHODS } from 'node:http';
import type { RequestKind } from '../../../src/proxy/codec/http1/head.ts';
import { type Forwarded, forward } from './forward.ts';
import type { StreamKind } from './generate.ts';
import { type Read, type Reading, readWithLlhttp, readWithNode } from './panel.ts';

export interface Tally {
  streams: number;
  /** Streams of which something was refused. */
  refused: number;
  /** Complete messages forwarded. */
  forwarded: number;
  /** Messages that the panel reads in two ways (none of them forwarded). */
  disputed: number;
}

export interface Case {
  readonly text: string;
  readonly kind: StreamKind;
  /** What the responses of the stream answer. */
  readonly asked: RequestKind;
  /** Bytes that arrive at a time. */
  readonly step: number;
}

const KNOWN = new Set(METHODS);

/** Returns what is wrong in a sentence, or null. */
export function check({ text, kind, asked, step }: Case, tally: Tally | null): string | null {
  const noBody = asked === 'HEAD';
  const ours = forward(text, kind, asked, text.length);
  const strict = [readWithLlhttp(text, kind, noBody), readWithNode(text, kind, noBody, false)];
  if (tally !== null) count(tally, ours.messages, ours.end, strict);
  return (
    compareInput(ours.messages, strict, kind) ??
    compareOutput(ours.messages, kind, noBody) ??
    comparePieces(ours.messages, ours.end, forward(text, kind, asked, step))
  );
}

function count(tally: Tally, ours: readonly Forwarded[], end: string, strict: readonly Reading[]): void {
  const [a, b] = strict.map(({ messages }) => messages.filter(({ complete }) => complete));
  tally.streams++;
  tally.forwarded += ours.filter(({ complete }) => complete).length;
  if (end !== 'end' && end !== 'more' && end !== 'closed') tally.refused++;
  if (JSON.stringify(a) !== JSON.stringify(b)) tally.disputed++;
}

/** What we forward is what the others see in the same bytes, if they take them at all. */
function compareInput(ours: readonly Forwarded[], strict: readonly Reading[], kind: StreamKind): string | null {
  for (const [i, message] of ours.entries()) {
    if (kind === 'request' && !KNOWN.has(message.method)) return null;
    let taken = false;
    for (const { messages, refused } of strict) {
      const theirs = messages[i];
      const lost = theirs === undefined || (refused && !theirs.complete);
      if (lost) continue;
      // To them what follows is another protocol; we cut that offer.
      if (theirs.upgrade && theirs.start === message.start) return null;
      taken = true;
      if (!agree(message, theirs)) return `we forward ${show(message)}, another reads ${show(theirs)}`;
    }
    // Some take a connection as closed by the word of an interim answer, which says nothing about it.
    if (!taken && isInterim(ours[i - 1])) return null;
    if (!taken && message.complete) return `only we accept ${show(message)}`;
    if (!taken || message.upgrade) return null;
  }
  return null;
}

/** Whoever reads what we send, strictly or not, sees these messages and no others. */
function compareOutput(ours: readonly Forwarded[], kind: StreamKind, noBody: boolean): string | null {
  const isKnown = (method: string): boolean => kind === 'response' || KNOWN.has(method);
  const sent = ours.map(({ sent, method }) => (isKnown(method) ? sent : sent.replace(method, 'GET'))).join('');
  const readings = [
    readWithLlhttp(sent, kind, noBody),
    readWithNode(sent, kind, noBody, false),
    readWithNode(sent, kind, noBody, true),
  ];
  for (const { messages, refused } of readings) {
    for (const [i, message] of ours.entries()) {
      const theirs = messages[i];
      if (theirs === undefined) return `our output ${JSON.stringify(sent)} is refused`;
      const start = isKnown(message.method) ? message.start : message.start.replace(message.method, 'GET');
      if (!agree({ ...message, start }, theirs)) return `our output ${JSON.stringify(sent)} is read as ${show(theirs)}`;
      if (message.upgrade) break;
    }
    const last = ours.at(-1);
    if (refused && last?.upgrade !== true) return `our output ${JSON.stringify(sent)} is refused at its end`;
    if (messages.length > ours.length && last?.upgrade !== true) return `our output ${JSON.stringify(sent)} holds more`;
  }
  return null;
}

function isInterim(message: Forwarded | undefined): boolean {
  return message !== undefined && /^1\d\d$/.test(message.start);
}

function agree(a: Read, b: Read): boolean {
  if (a.start !== b.start) return false;
  // Only the head counts: what follows is the tunnel's.
  if (a.upgrade || b.upgrade) return true;
  // Refused, or out of input, in the middle: each has got as far as its pieces went.
  if (!a.complete) return b.body.startsWith(a.body) || (!b.complete && a.body.startsWith(b.body));
  return b.complete && a.body === b.body;
}

/** However the bytes arrive, the same is made of them. */
function comparePieces(
  whole: readonly Forwarded[],
  end: string,
  pieces: { readonly messages: readonly Forwarded[]; readonly end: string },
): string | null {
  // In pieces a head is looked at again when a line ends: an error in its last line may not show yet.
  const early = pieces.end === 'more' && end !== 'end';
  if (!early && kindOfEnd(pieces.end) !== kindOfEnd(end)) return `ends with ${end}, in pieces with ${pieces.end}`;
  for (const [i, message] of whole.entries()) {
    const other = pieces.messages[i];
    if (other === undefined) {
      if (message.complete) return `in pieces ${show(message)} is missing`;
      return null;
    }
    if (message.start !== other.start || (message.complete && message.body !== other.body))
      return `${show(message)} becomes ${show(other)} in pieces`;
  }
  return null;
}

/** Where two rules are broken, the one that is met first in pieces may be the other. */
function kindOfEnd(end: string): string {
  return ['end', 'more', 'closed'].includes(end) ? end : 'refused';
}

function show({ start, body, complete }: Read): string {
  return JSON.stringify({ start, body, complete });
}
