/** What a path of a policy is compared with: a text match, or a template. */
import type { LetterCase } from './letter-case.ts';
import { PathTemplate } from './path-template.ts';
import { ValueMatcher } from './value-matcher.ts';

/** What a path is compared with. */
export type PathMatcher = Pick<ValueMatcher, 'matchesBytes'>;

export function pathMatcher(value: string, letters: LetterCase): PathMatcher {
  return value.includes('{') ? new PathTemplate(value, letters) : new ValueMatcher(value, letters);
}
