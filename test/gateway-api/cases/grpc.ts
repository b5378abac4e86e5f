/** GRPCRoute tests, of the mesh and of gateways. */
import { type Group, type GrpcCase, request } from '../case-types.ts';
import { parent, route, rules, service } from '../text.ts';
import { headerMatchRules } from './matching.ts';

const SERVICE = 'echo.v1.Echo';
const UNIMPLEMENTED = 12;

function call(
  name: string,
  to: string,
  method: string,
  expected: Omit<GrpcCase, 'type' | 'name' | 'to' | 'method' | 'code'> & { readonly code?: number },
): GrpcCase {
  return { type: 'grpc', name, to: `${to}:7070`, method: `${SERVICE}/${method}`, code: 0, ...expected };
}

const V1 = { backend: 'echo-v1' };
const V2 = { backend: 'echo-v2' };
const modifier = (edits: string): string =>
  `filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { ${edits} } }]`;
const to = (backend: string): string => `backendRefs: [{ name: ${backend}, port: 7070 }]`;
const forHeader = (value: string, edits: string): string =>
  `{ matches: [{ headers: [{ name: test, value: ${value} }] }], ${modifier(edits)}, ${to('echo-v1')} }`;

export const GRPC_GROUPS: readonly Group[] = [
  {
    name: 'MeshGRPCRouteWeight',
    manifests:
      service('grpc-weight') +
      route(
        'grpc-weight',
        parent('grpc-weight', 'port: 7070'),
        rules(
          '{ backendRefs: [{ name: echo-v1, port: 7070, weight: 70 }, { name: echo-v2, port: 7070, weight: 30 }, { name: echo-missing, port: 7070, weight: 0 }] }',
        ),
        'GRPCRoute',
      ),
    cases: [
      {
        type: 'split',
        kind: 'grpc',
        name: '70/30; weight 0 to a Service that does not exist breaks nothing',
        request: { to: 'grpc-weight:7070', path: `/${SERVICE}/Echo` },
        count: 2000,
        shares: { 'echo-v1': 0.7, 'echo-v2': 0.3 },
        tolerance: 0.05,
      },
    ],
  },
  {
    name: 'MeshGRPCRouteRequestHeaderModifier',
    manifests:
      service('grpc-headers') +
      route(
        'grpc-headers',
        parent('grpc-headers', 'port: 7070'),
        rules(
          forHeader('set', 'set: [{ name: x-header-set, value: set-overwrites-values }]'),
          forHeader('add', 'add: [{ name: x-header-add, value: add-appends-values }]'),
          forHeader('remove', 'remove: [x-header-remove]'),
        ),
        'GRPCRoute',
      ),
    cases: [
      call('set', 'grpc-headers', 'Echo', {
        ...V1,
        metadata: { test: 'set', 'x-header-set': 'some-other-value' },
        seen: { headers: { 'x-header-set': 'set-overwrites-values' } },
      }),
      call('add', 'grpc-headers', 'Echo', {
        ...V1,
        metadata: { test: 'add', 'x-header-add': 'some-other-value' },
        seen: { headers: { 'x-header-add': 'some-other-value,add-appends-values' } },
      }),
      call('remove', 'grpc-headers', 'Echo', {
        ...V1,
        metadata: { test: 'remove', 'x-header-remove': 'val' },
        seen: { absent: ['x-header-remove'] },
      }),
    ],
  },
  {
    name: 'GRPCExactMethodMatching',
    manifests:
      service('grpc-method') +
      route(
        'grpc-method',
        parent('grpc-method', 'port: 7070'),
        rules(
          `{ matches: [{ method: { service: ${SERVICE}, method: Echo } }], ${to('echo-v1')} }`,
          `{ matches: [{ method: { service: ${SERVICE}, method: EchoTwo } }], ${to('echo-v2')} }`,
        ),
        'GRPCRoute',
      ),
    cases: [
      call('Echo', 'grpc-method', 'Echo', V1),
      call('EchoTwo', 'grpc-method', 'EchoTwo', V2),
      call('no rule for EchoThree', 'grpc-method', 'EchoThree', { code: UNIMPLEMENTED }),
    ],
  },
  {
    name: 'GRPCRouteHeaderMatching',
    manifests:
      service('grpc-match') +
      route(
        'grpc-match',
        parent('grpc-match', 'port: 7070'),
        headerMatchRules('echo-v1', 'echo-v2', 7070),
        'GRPCRoute',
      ),
    cases: [
      call('version one', 'grpc-match', 'Echo', { ...V1, metadata: { version: 'one' } }),
      call('version two', 'grpc-match', 'Echo', { ...V2, metadata: { version: 'two' } }),
      call('two headers beat one', 'grpc-match', 'Echo', { ...V1, metadata: { version: 'two', color: 'orange' } }),
      call('the older rule wins', 'grpc-match', 'Echo', { ...V2, metadata: { version: 'two', color: 'blue' } }),
      call('half of a match', 'grpc-match', 'Echo', { code: UNIMPLEMENTED, metadata: { color: 'orange' } }),
      call('another header', 'grpc-match', 'Echo', { code: UNIMPLEMENTED, metadata: { 'some-other-header': 'one' } }),
      call('blue', 'grpc-match', 'Echo', { ...V1, metadata: { color: 'blue' } }),
      call('green', 'grpc-match', 'Echo', { ...V1, metadata: { color: 'green' } }),
      call('red', 'grpc-match', 'Echo', { ...V2, metadata: { color: 'red' } }),
      call('yellow', 'grpc-match', 'Echo', { ...V2, metadata: { color: 'yellow' } }),
      call('purple', 'grpc-match', 'Echo', { code: UNIMPLEMENTED, metadata: { color: 'purple' } }),
    ],
  },
  {
    name: 'GRPCRouteInvalidBackendRef',
    manifests:
      service('grpc-nowhere') +
      route(
        'grpc-nowhere',
        parent('grpc-nowhere', 'port: 7070'),
        rules('{ backendRefs: [{ name: nonexistent, port: 7070 }] }'),
        'GRPCRoute',
      ),
    cases: [call('UNAVAILABLE (GEP-1016)', 'grpc-nowhere', 'Echo', { code: 14 })],
  },
  {
    name: 'GRPCRouteBeatsHTTPRoute',
    manifests:
      service('clash') +
      route('clash-http', parent('clash', 'port: 7070'), rules('{ backendRefs: [{ name: echo-v2, port: 7070 }] }')) +
      route('clash-grpc', parent('clash', 'port: 7070'), rules(`{ ${to('echo-v1')} }`), 'GRPCRoute'),
    cases: [
      call('the GRPCRoute applies (GEP-1294)', 'clash', 'Echo', V1),
      {
        type: 'condition',
        name: 'the HTTPRoute is in conflict',
        kind: 'HTTPRoute',
        resource: 'clash-http',
        condition: 'Accepted',
        status: 'False',
        reason: 'Conflicted',
      },
      request('a port with no routes is not concerned', 'clash', '/', {}),
    ],
  },
];
