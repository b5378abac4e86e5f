/** North-south tests of matching, on Services instead of Gateways. */
import { type Group, request } from '../case-types.ts';
import { parent, route, rules, service } from '../text.ts';

const V1 = { backend: 'echo-v1' };
const V2 = { backend: 'echo-v2' };
const V3 = { backend: 'echo-v3' };
const NOT_FOUND = { status: [404] };

const rule = (matches: string, backend: string): string =>
  `{ matches: [${matches}], backendRefs: [{ name: ${backend}, port: 8080 }] }`;
const exact = (value: string): string => `{ path: { type: Exact, value: ${value} } }`;
const prefix = (value: string): string => `{ path: { type: PathPrefix, value: ${value} } }`;
const header = (name: string, value: string): string => `{ name: ${name}, value: ${value} }`;

export const MATCHING_GROUPS: readonly Group[] = [
  {
    name: 'HTTPRouteMatching',
    manifests:
      service('ns-matching') +
      route(
        'ns-matching',
        parent('ns-matching', 'port: 80'),
        rules(
          rule(`${prefix('/')}, { headers: [${header('version', 'one')}] }`, 'echo-v1'),
          rule(`${prefix('/v2')}, { headers: [${header('version', 'two')}] }`, 'echo-v2'),
        ),
      ),
    cases: [
      request('/', 'ns-matching', '/', V1),
      request('/example', 'ns-matching', '/example', V1),
      request('version one', 'ns-matching', '/', V1, { headers: { Version: 'one' } }),
      request('/v2', 'ns-matching', '/v2', V2),
      request('/v2/example', 'ns-matching', '/v2/example', V2),
      request('version two', 'ns-matching', '/', V2, { headers: { Version: 'two' } }),
      request('/v2/', 'ns-matching', '/v2/', V2),
      request('/v2example', 'ns-matching', '/v2example', V1),
      request('/foo/v2/example', 'ns-matching', '/foo/v2/example', V1),
      request('over HTTP/2 as well', 'ns-matching', '/v2/example', V2, { protocol: 'h2c' }),
    ],
  },
  {
    name: 'HTTPRouteMatchingAcrossRoutes',
    manifests:
      service('across') +
      route(
        'across-1',
        parent('across', 'port: 80'),
        rules(rule(`${prefix('/')}, { headers: [${header('version', 'one')}] }`, 'echo-v1')),
      ) +
      route(
        'across-2',
        parent('across', 'port: 80'),
        rules(rule(`${prefix('/v2')}, { headers: [${header('version', 'two')}] }`, 'echo-v2')),
      ),
    cases: [
      request('/', 'across', '/', V1),
      request('/example', 'across', '/example', V1),
      request('version one', 'across', '/example', V1, { headers: { Version: 'one' } }),
      request('/v2', 'across', '/v2', V2),
      request('/v2/example', 'across', '/v2/example', V2),
      request('version two', 'across', '/', V2, { headers: { Version: 'two' } }),
    ],
  },
  {
    name: 'HTTPRouteExactPathMatching',
    manifests:
      service('exact') +
      route(
        'exact',
        parent('exact', 'port: 80'),
        rules(rule(exact('/one'), 'echo-v1'), rule(exact('/two'), 'echo-v2')),
      ),
    cases: [
      request('/one', 'exact', '/one', V1),
      request('/two', 'exact', '/two', V2),
      request('/', 'exact', '/', NOT_FOUND),
      request('/one/example', 'exact', '/one/example', NOT_FOUND),
      request('/two/', 'exact', '/two/', NOT_FOUND),
      request('/Two', 'exact', '/Two', NOT_FOUND),
    ],
  },
  {
    name: 'HTTPRoutePathMatchOrder',
    manifests:
      service('order') +
      route(
        'order',
        parent('order', 'port: 80'),
        rules(
          rule(exact('/match'), 'echo-v1'),
          rule(exact('/match/exact'), 'echo-v2'),
          rule(exact('/match/exact/one'), 'echo-v3'),
          rule(prefix('/match/'), 'echo-v3'),
          rule(prefix('/match/prefix/'), 'echo-v1'),
          rule(prefix('/match/prefix/one'), 'echo-v2'),
        ),
      ),
    cases: [
      request('/match/exact/one', 'order', '/match/exact/one', V3),
      request('/match/exact', 'order', '/match/exact', V2),
      request('/match', 'order', '/match', V1),
      request('/match/prefix/one/any', 'order', '/match/prefix/one/any', V2),
      request('/match/prefix/any', 'order', '/match/prefix/any', V1),
      request('/match/any', 'order', '/match/any', V3),
    ],
  },
  {
    name: 'HTTPRouteHeaderMatching',
    manifests:
      service('header') + route('header', parent('header', 'port: 80'), headerMatchRules('echo-v1', 'echo-v2')),
    cases: [
      request('version one', 'header', '/', V1, { headers: { Version: 'one' } }),
      request('version two', 'header', '/', V2, { headers: { Version: 'two' } }),
      request('two headers beat one', 'header', '/', V1, { headers: { Version: 'two', Color: 'orange' } }),
      request('the older rule wins', 'header', '/', V2, { headers: { Version: 'two', Color: 'blue' } }),
      request('half of a match', 'header', '/', NOT_FOUND, { headers: { Color: 'orange' } }),
      request('another header', 'header', '/', NOT_FOUND, { headers: { 'Some-Other-Header': 'one' } }),
      request('blue', 'header', '/', V1, { headers: { Color: 'blue' } }),
      request('green', 'header', '/', V1, { headers: { Color: 'green' } }),
      request('red', 'header', '/', V2, { headers: { Color: 'red' } }),
      request('yellow', 'header', '/', V2, { headers: { Color: 'yellow' } }),
      request('purple', 'header', '/', NOT_FOUND, { headers: { Color: 'purple' } }),
    ],
  },
  {
    name: 'HTTPRouteMethodMatching',
    manifests:
      service('method') +
      route(
        'method',
        parent('method', 'port: 80'),
        rules(
          rule('{ method: POST }', 'echo-v1'),
          rule('{ method: GET }', 'echo-v2'),
          rule('{ path: { type: PathPrefix, value: /path1 }, method: GET }', 'echo-v1'),
          rule(`{ headers: [${header('version', 'one')}], method: PUT }`, 'echo-v2'),
          rule(
            `{ path: { type: PathPrefix, value: /path2 }, headers: [${header('version', 'two')}], method: POST }`,
            'echo-v3',
          ),
          rule(
            `{ path: { type: PathPrefix, value: /path3 }, method: PATCH }, { path: { type: PathPrefix, value: /path4 }, headers: [${header('version', 'three')}], method: DELETE }`,
            'echo-v1',
          ),
          rule(prefix('/path5'), 'echo-v1'),
          rule('{ method: PATCH }', 'echo-v2'),
          rule(`{ headers: [${header('version', 'four')}] }`, 'echo-v3'),
        ),
      ),
    cases: [
      request('POST', 'method', '/', V1, { method: 'POST' }),
      request('GET', 'method', '/', V2),
      request('HEAD', 'method', '/', NOT_FOUND, { method: 'HEAD' }),
      request('path and method', 'method', '/path1', V1),
      request('header and method', 'method', '/', V2, { method: 'PUT', headers: { version: 'one' } }),
      request('path, header and method', 'method', '/path2', V3, { method: 'POST', headers: { version: 'two' } }),
      request('the one of two matches', 'method', '/path3', V1, { method: 'PATCH' }),
      request('the other', 'method', '/path4', V1, { method: 'DELETE', headers: { version: 'three' } }),
      request('a part of one', 'method', '/', NOT_FOUND, { method: 'PUT' }),
      request('a part of another', 'method', '/path4', NOT_FOUND, { method: 'DELETE' }),
      request('a path beats a method', 'method', '/path5', V1, { method: 'PATCH' }),
      request('a method beats a header', 'method', '/', V2, { method: 'PATCH', headers: { version: 'four' } }),
    ],
  },
  {
    name: 'HTTPRouteQueryParamMatching',
    manifests:
      service('ns-query') +
      route(
        'ns-query',
        parent('ns-query', 'port: 80'),
        rules(
          rule('{ queryParams: [{ name: animal, value: whale }] }', 'echo-v1'),
          rule('{ queryParams: [{ name: animal, value: dolphin }] }', 'echo-v2'),
          rule('{ queryParams: [{ name: animal, value: dolphin }, { name: color, value: blue }] }', 'echo-v3'),
          rule('{ queryParams: [{ name: ANIMAL, value: Whale }] }', 'echo-v3'),
        ),
      ),
    cases: [
      request('whale', 'ns-query', '/?animal=whale', V1),
      request('dolphin', 'ns-query', '/?animal=dolphin', V2),
      request('two parameters beat one', 'ns-query', '/?animal=dolphin&color=blue', V3),
      request('case counts', 'ns-query', '/?ANIMAL=Whale', V3),
      request('another parameter', 'ns-query', '/?animal=whale&otherparam=irrelevant', V1),
      request('none that fits', 'ns-query', '/?color=blue', NOT_FOUND),
    ],
  },
];

export function headerMatchRules(first: string, second: string, port = 8080): string {
  const one = (matches: string, backend: string): string =>
    `{ matches: [${matches}], backendRefs: [{ name: ${backend}, port: ${port} }] }`;
  const color = (value: string): string => `{ headers: [${header('color', value)}] }`;
  return rules(
    one(`{ headers: [${header('version', 'one')}] }`, first),
    one(`{ headers: [${header('version', 'two')}] }`, second),
    one(`{ headers: [${header('version', 'two')}, ${header('color', 'orange')}] }`, first),
    one(`${color('blue')}, ${color('green')}`, first),
    one(`${color('red')}, ${color('yellow')}`, second),
  );
}
