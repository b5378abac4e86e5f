import { MicroError } from '../contract/micro.ts';
import type { Problem } from '../core/errors.ts';

/** Ends a request with an error answer: the first problem in the header, all of them in the body. Always throws. */
export function rejectRequest(code: number, problems: readonly Problem[]): never {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const sentence =
    first === undefined ? 'refused' : `${first.path === undefined ? '' : `${first.path}: `}${first.message}`;
  throw new MicroError(code, `${sentence}${more}`, JSON.stringify({ problems }));
}
