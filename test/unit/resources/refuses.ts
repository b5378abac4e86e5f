/** Assertions about refused manifests, shared by the tests of the schemas. */
import type tap from 'tap';
import { decodeResource } from '../../../src/resources/index.ts';

/** `path | sentence` of every problem; empty when the manifest is accepted. */
export function problemsOf(manifest: unknown): string[] {
  const decoded = decodeResource(manifest, 'f.yaml');
  return decoded.ok ? [] : decoded.error.map((p) => `${p.path ?? ''} | ${p.message}`);
}

/** Every problem must carry this path and these words. */
export function refuses(t: Pick<typeof tap, 'ok'>, manifest: unknown, path: string, words: RegExp): void {
  const found = problemsOf(manifest);
  t.ok(found.length > 0, `${path}: refused`);
  t.ok(
    found.some((p) => p.includes(`: ${path} | `) && words.test(p)),
    `${path}: ${words} in ${JSON.stringify(found)}`,
  );
}

/** A list of `n` items. */
export const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));
