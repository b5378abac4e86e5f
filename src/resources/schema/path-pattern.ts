/** Istio's path matches and templates, as policies may write them. Pure. */

/** Why a path is no pattern that can match; null = it is fine. */
export function pathProblem(path: string): string | null {
  if (/[^\x21-\x7e]/.test(path)) return 'must be printable ASCII without blanks: write others percent-encoded';
  if (/[?#]/.test(path)) return 'paths are compared without their query: leave out what begins with "?"';
  if (/[{}]/.test(path)) return templateProblem(path);
  if (path !== '*' && /^\*.*\*$|^.+\*.+$/.test(path))
    return 'may begin or end with "*", and have no other; {*} and {**} stand for segments';
  if (!/^[/*]/.test(path)) return 'must begin with "/" or "*"';
  return null;
}

function templateProblem(path: string): string | null {
  if (!path.startsWith('/')) return 'must begin with "/"';
  const segments = path.split('/');
  const rest = segments.indexOf('{**}');
  for (const [i, segment] of segments.entries()) {
    const isOperator = segment === '{*}' || segment === '{**}';
    if (isOperator && rest >= 0 && i > rest) return '{**} must be the last operator';
    if (!isOperator && /[{}*]/.test(segment))
      return '{*} and {**} must be whole segments, without other "*", "{" or "}"';
  }
  return null;
}
