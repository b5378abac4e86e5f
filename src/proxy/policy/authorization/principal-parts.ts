/** The parts of `<trust-domain>/ns/<namespace>/sa/<account>`, compared in place. */
import type { ValueMatcher } from './value-matcher.ts';

const NAMESPACE = '/ns/';
const ACCOUNT = '/sa/';

/** The part before the first slash. */
export function trustDomainMatches(principal: string, matcher: ValueMatcher): boolean {
  const end = principal.indexOf('/');
  return end > 0 && matcher.matchesPart(principal, 0, end);
}

/** The namespace; a principal of another form has none. */
export function namespaceMatches(principal: string, matcher: ValueMatcher): boolean {
  const at = principal.indexOf(NAMESPACE);
  const end = principal.indexOf(ACCOUNT, at);
  return at > 0 && end > at && matcher.matchesPart(principal, at + NAMESPACE.length, end);
}

/** Of `<namespace>/<account>`: what a principal of that account has after its trust domain. */
export function accountPath(value: string): string {
  const slash = value.indexOf('/');
  return `${NAMESPACE}${value.slice(0, slash)}${ACCOUNT}${value.slice(slash + 1)}`;
}

/** Whatever the trust domain. @param path as `accountPath` makes it */
export function hasAccount(principal: string, path: string): boolean {
  return principal.endsWith(path) && principal.indexOf('/') === principal.length - path.length;
}
