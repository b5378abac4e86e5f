/** References that do not resolve, and what control says of routes. */
import { type ConditionCase, type Group, request } from '../case-types.ts';
import { parent, route, rules, service } from '../text.ts';

function condition(
  name: string,
  resource: string,
  type: string,
  status: 'True' | 'False',
  reason: string,
  kind = 'HTTPRoute',
): ConditionCase {
  return { type: 'condition', name, kind, resource, condition: type, status, reason };
}

const FAILS = { status: [500] };

export const REFERENCE_GROUPS: readonly Group[] = [
  {
    name: 'HTTPRouteInvalidNonExistentBackendRef',
    manifests:
      service('nowhere') +
      route('nowhere', parent('nowhere', 'port: 80'), rules('{ backendRefs: [{ name: nonexistent, port: 8080 }] }')),
    cases: [
      condition('ResolvedRefs is False', 'nowhere', 'ResolvedRefs', 'False', 'BackendNotFound'),
      condition('Accepted all the same', 'nowhere', 'Accepted', 'True', 'Accepted'),
      request('500', 'nowhere', '/', FAILS),
    ],
  },
  {
    name: 'HTTPRouteInvalidBackendRefUnknownKind',
    manifests:
      service('odd-kind') +
      route(
        'odd-kind',
        parent('odd-kind', 'port: 80'),
        rules('{ backendRefs: [{ group: unknown.example.com, kind: NonExistent, name: echo-v1, port: 8080 }] }'),
      ),
    cases: [
      condition('ResolvedRefs is False', 'odd-kind', 'ResolvedRefs', 'False', 'InvalidKind'),
      request('500', 'odd-kind', '/', FAILS),
    ],
  },
  {
    name: 'HTTPRouteInvalidBackendShare',
    manifests:
      service('half') +
      route(
        'half',
        parent('half', 'port: 80'),
        rules(
          '{ backendRefs: [{ name: echo-v1, port: 8080, weight: 1 }, { name: nonexistent, port: 8080, weight: 1 }] }',
        ),
      ),
    cases: [
      {
        type: 'split',
        kind: 'http',
        name: 'exactly the share of the missing backend fails',
        request: { to: 'half', path: '/' },
        count: 2000,
        shares: { 'echo-v1': 0.5, 'status 500': 0.5 },
        tolerance: 0.05,
      },
    ],
  },
  {
    name: 'HTTPRouteInvalidParentRefNotMatchingSectionName',
    manifests:
      service('section') +
      route(
        'section',
        parent('section', 'port: 80, sectionName: http-8080'),
        rules('{ backendRefs: [{ name: echo-v1, port: 8080 }] }'),
      ),
    cases: [condition('Accepted is False', 'section', 'Accepted', 'False', 'NoMatchingParent')],
  },
  {
    name: 'HTTPRouteInvalidParentRefNotMatchingListenerPort',
    manifests:
      service('port-missing') +
      route(
        'port-missing',
        parent('port-missing', 'port: 81'),
        rules('{ backendRefs: [{ name: echo-v1, port: 8080 }] }'),
      ),
    cases: [condition('Accepted is False', 'port-missing', 'Accepted', 'False', 'NoMatchingParent')],
  },
  {
    name: 'HTTPRouteObservedGenerationBump',
    manifests:
      service('bump') +
      route('bump', parent('bump', 'port: 80'), rules('{ backendRefs: [{ name: echo-v1, port: 8080 }] }')),
    cases: [
      condition('Accepted', 'bump', 'Accepted', 'True', 'Accepted'),
      condition('ResolvedRefs', 'bump', 'ResolvedRefs', 'True', 'ResolvedRefs'),
    ],
  },
];
