/** Istio's text matches (exact, `abc*`, `*abc`, `*`) and path templates, on texts and on bytes in place. */
import { constantBytes } from '../../codec/http1/bytes.ts';
import type { LetterCase } from './letter-case.ts';

type Kind = 'exact' | 'prefix' | 'suffix' | 'present';

export class ValueMatcher {
  readonly #kind: Kind;
  readonly #text: string;
  /** In lower case where case is ignored. */
  readonly #bytes: Uint8Array;
  readonly #ignoresCase: boolean;

  constructor(value: string, letters: LetterCase = 'exact') {
    const { kind, text } = kindOf(value);
    this.#kind = kind;
    this.#ignoresCase = letters === 'ignored';
    this.#text = text;
    this.#bytes = constantBytes(this.#ignoresCase ? text.toLowerCase() : text);
  }

  /** `*` wants a value that is not empty. */
  matchesText(value: string): boolean {
    switch (this.#kind) {
      case 'exact':
        return value === this.#text;
      case 'prefix':
        return value.startsWith(this.#text);
      case 'suffix':
        return value.endsWith(this.#text);
      case 'present':
        return value !== '';
    }
  }

  /** The part of a text from `from` on, up to `to`. */
  matchesPart(value: string, from: number, to: number): boolean {
    const length = to - from;
    const text = this.#text;
    switch (this.#kind) {
      case 'exact':
        return length === text.length && value.startsWith(text, from);
      case 'prefix':
        return length >= text.length && value.startsWith(text, from);
      case 'suffix':
        return length >= text.length && value.startsWith(text, to - text.length);
      case 'present':
        return length > 0;
    }
  }

  matchesBytes(bytes: Uint8Array, at: number, length: number): boolean {
    const wanted = this.#bytes.length;
    switch (this.#kind) {
      case 'exact':
        return length === wanted && this.#equals(bytes, at);
      case 'prefix':
        return length >= wanted && this.#equals(bytes, at);
      case 'suffix':
        return length >= wanted && this.#equals(bytes, at + length - wanted);
      case 'present':
        return length > 0;
    }
  }

  #equals(bytes: Uint8Array, at: number): boolean {
    const wanted = this.#bytes;
    for (let i = 0; i < wanted.length; i++) {
      let byte = bytes[at + i] as number;
      if (this.#ignoresCase && byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
      if (byte !== wanted[i]) return false;
    }
    return true;
  }
}

function kindOf(value: string): { readonly kind: Kind; readonly text: string } {
  if (value === '*') return { kind: 'present', text: '' };
  if (value.endsWith('*')) return { kind: 'prefix', text: value.slice(0, -1) };
  return value.startsWith('*') ? { kind: 'suffix', text: value.slice(1) } : { kind: 'exact', text: value };
}
