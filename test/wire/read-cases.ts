/**
 * Reads the Markdown pages of this folder. A case is a heading followed by fenced blocks: one input (`request`,
 * `response <kind>` or `chunked`), one `expect` of `name: value` lines, and optionally `forwarded <connection>` or
 * `reframed`. Inside byte blocks line ends do not count; `\r`, `\n`, `\t`, `\\` and `\xNN` do; `\{3 ab}` is `ababab`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Block {
  readonly word: string;
  readonly argument: string;
  readonly text: string;
}
export interface WireCase {
  readonly page: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export function readCases(folder: string): WireCase[] {
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return pages.sort().flatMap((page) => parsePage(page, readFileSync(join(folder, page), 'utf8')));
}

function parsePage(page: string, text: string): WireCase[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const title = section.slice(0, section.indexOf('\n')).trim();
      const blocks = [...section.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map((match) => ({
        word: match[1] ?? '',
        argument: match[2] ?? '',
        text: match[3] ?? '',
      }));
      return { page, title, blocks };
    });
}

/** The bytes, one latin1 character each, that a block stands for. */
export function unescapeBytes(text: string): string {
  const single: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' };
  return text
    .replaceAll('\n', '')
    .replace(/\\\{(\d+) ([^{}]+)\}/g, (_all, count: string, piece: string) => piece.repeat(Number(count)))
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_all, hex: string | undefined, char: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      const byte = single[char ?? ''];
      if (byte === undefined) throw new Error(`unknown escape \\${char}`);
      return byte;
    });
}

/** `name: value` lines; a line without a colon has the value `yes`. */
export function parseExpectations(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return colon < 0 ? [line.trim(), 'yes'] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
