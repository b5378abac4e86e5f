/**
 * Istio's path templates: `{*}` is one segment, `{**}` whatever is left, slashes and nothing included. Each stands between slashes, and
 * `{**}` is the last of them.
 */
import { constantBytes } from '../../codec/http1/bytes.ts';
import type { LetterCase } from './letter-case.ts';

const SLASH = 0x2f;
const ONE = '{*}';
const REST = '{**}';

export class PathTemplate {
  /** Between two of them stands one segment. */
  readonly #literals: readonly Uint8Array[];
  /** After `{**}`; null: the template has none. */
  readonly #end: Uint8Array | null;
  readonly #ignoresCase: boolean;

  constructor(template: string, letters: LetterCase = 'exact') {
    this.#ignoresCase = letters === 'ignored';
    const text = this.#ignoresCase ? template.toLowerCase() : template;
    const rest = text.indexOf(REST);
    const before = rest < 0 ? text : text.slice(0, rest);
    this.#literals = before.split(ONE).map(constantBytes);
    this.#end = rest < 0 ? null : constantBytes(text.slice(rest + REST.length));
  }

  matchesBytes(bytes: Uint8Array, from: number, length: number): boolean {
    const end = from + length;
    let at = from;
    for (let i = 0; i < this.#literals.length; i++) {
      if (i > 0) {
        const next = endOfSegment(bytes, at, end);
        if (next === at) return false;
        at = next;
      }
      const literal = this.#literals[i] as Uint8Array;
      if (!this.#equals(bytes, at, end, literal)) return false;
      at += literal.length;
    }
    if (this.#end === null) return at === end;
    return end - this.#end.length >= at && this.#equals(bytes, end - this.#end.length, end, this.#end);
  }

  #equals(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
    if (at + wanted.length > end) return false;
    for (let i = 0; i < wanted.length; i++) {
      let byte = bytes[at + i] as number;
      if (this.#ignoresCase && byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
      if (byte !== wanted[i]) return false;
    }
    return true;
  }
}

function endOfSegment(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i] !== SLASH) i++;
  return i;
}
