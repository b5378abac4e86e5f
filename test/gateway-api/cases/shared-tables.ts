/** Rules and cases that the mesh tests and the north-south tests have in common. */
import { request } from '../case-types.ts';
import { prefixRule, redirectRule, rules } from '../text.ts';

const V1 = { backend: 'echo-v1' };

export function queryRules(first: string, second: string): string {
  const to = (backend: string): string => `backendRefs: [{ name: ${backend}, port: 8080 }]`;
  const animal = (value: string): string => `queryParams: [{ name: animal, value: ${value} }]`;
  const path = (value: string): string => `path: { type: PathPrefix, value: ${value} }`;
  const version = (value: string): string => `headers: [{ name: version, value: ${value} }]`;
  return rules(
    `{ matches: [{ ${animal('whale')} }], ${to(first)} }`,
    `{ matches: [{ ${animal('dolphin')} }], ${to(second)} }`,
    `{ matches: [{ ${path('/path1')}, ${animal('whale')} }], ${to(first)} }`,
    `{ matches: [{ ${version('one')}, ${animal('whale')} }], ${to(second)} }`,
    `{ matches: [{ ${path('/path3')}, ${animal('shark')} }, { ${path('/path4')}, ${version('three')}, ${animal('kraken')} }], ${to(first)} }`,
    `{ matches: [{ ${path('/path5')} }], ${to(first)} }`,
    `{ matches: [{ ${animal('hydra')} }], ${to(second)} }`,
  );
}

export function redirectPathRules(): string {
  const prefix = (value: string): string => `path: { type: ReplacePrefixMatch, replacePrefixMatch: ${value} }`;
  const full = (value: string): string => `path: { type: ReplaceFullPath, replaceFullPath: ${value} }`;
  return rules(
    redirectRule('/original-prefix', prefix('/replacement-prefix')),
    redirectRule('/full', full('/full-path-replacement')),
    redirectRule('/path-and-host', `hostname: example.org, ${prefix('/replacement-prefix')}`),
    redirectRule('/path-and-status', `statusCode: 301, ${prefix('/replacement-prefix')}`),
    redirectRule('/full-path-and-host', `hostname: example.org, ${full('/replacement-full')}`),
    redirectRule('/full-path-and-status', `statusCode: 301, ${full('/replacement-full')}`),
  );
}

export function redirectPathCases(to: string) {
  const echo = { host: 'echo' };
  return [
    request(
      'the prefix',
      to,
      '/original-prefix/lemon',
      { status: [302], location: 'http://echo/replacement-prefix/lemon' },
      echo,
    ),
    request(
      'the whole path',
      to,
      '/full/path/original',
      { status: [302], location: 'http://echo/full-path-replacement' },
      echo,
    ),
    request('prefix and host', to, '/path-and-host', {
      status: [302],
      location: 'http://example.org/replacement-prefix',
    }),
    request(
      'prefix and status',
      to,
      '/path-and-status',
      { status: [301], location: 'http://echo/replacement-prefix' },
      echo,
    ),
    request('whole path and host', to, '/full-path-and-host', {
      status: [302],
      location: 'http://example.org/replacement-full',
    }),
    request(
      'whole path and status',
      to,
      '/full-path-and-status',
      { status: [301], location: 'http://echo/replacement-full' },
      echo,
    ),
    request(
      'the query is kept',
      to,
      '/full/x?a=1',
      { status: [302], location: 'http://echo/full-path-replacement?a=1' },
      echo,
    ),
  ];
}

export const MODIFIER =
  '{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-Header-Set, value: set-overwrites-values }], add: [{ name: X-Header-Add, value: header-val-1 }, { name: X-Header-Add-Append, value: header-val-2 }], remove: [X-Header-Remove] } }';
export const MODIFIED = {
  headers: {
    'x-header-add': 'header-val-1',
    'x-header-add-append': 'append-val-1,header-val-2',
    'x-header-set': 'set-overwrites-values',
  },
  absent: ['x-header-remove'],
};
export const TO_MODIFY = {
  headers: { 'X-Header-Remove': 'remove-val', 'X-Header-Add-Append': 'append-val-1', 'X-Header-Set': 'set-val' },
};

export function rewritePathRules(): string {
  const rewrite = (path: string): string => `{ type: URLRewrite, urlRewrite: { path: { ${path} } } }`;
  const prefix = (value: string): string => rewrite(`type: ReplacePrefixMatch, replacePrefixMatch: ${value}`);
  const full = (value: string): string => rewrite(`type: ReplaceFullPath, replaceFullPath: ${value}`);
  return rules(
    prefixRule('/prefix/one', prefix('/one')),
    prefixRule('/strip-prefix', prefix('/')),
    prefixRule('/full/one', full('/one')),
    prefixRule('/full/rewrite-path-and-modify-headers', `${full('/test')}, ${MODIFIER}`),
    prefixRule('/prefix/rewrite-path-and-modify-headers', `${prefix('/prefix')}, ${MODIFIER}`),
  );
}

export function rewritePathCases(to: string) {
  return [
    request('the prefix', to, '/prefix/one/two', { ...V1, seen: { path: '/one/two' } }),
    request('the prefix is stripped', to, '/strip-prefix/three', { ...V1, seen: { path: '/three' } }),
    request('nothing is left of it', to, '/strip-prefix', { ...V1, seen: { path: '/' } }),
    request('the whole path', to, '/full/one/two', { ...V1, seen: { path: '/one' } }),
    request(
      'the whole path, and headers',
      to,
      '/full/rewrite-path-and-modify-headers/test',
      { ...V1, seen: { path: '/test', ...MODIFIED } },
      TO_MODIFY,
    ),
    request(
      'the prefix, and headers',
      to,
      '/prefix/rewrite-path-and-modify-headers/one',
      { ...V1, seen: { path: '/prefix/one', ...MODIFIED } },
      TO_MODIFY,
    ),
    request('the query is kept', to, '/prefix/one/two?a=1&b', { ...V1, seen: { path: '/one/two?a=1&b' } }),
  ];
}
