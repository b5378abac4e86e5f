/** TCPRoute and TLSRoute tests. */
import type { ConnectionCase, Group } from '../case-types.ts';
import { parent, route, rules, service } from '../text.ts';

function tcp(name: string, to: string, backend: string | null): ConnectionCase {
  return { type: 'connection', name, to: `${to}:9090`, backend };
}

function tls(name: string, to: string, serverName: string, backend: string | null): ConnectionCase {
  return { type: 'connection', name, to: `${to}:443`, serverName, backend };
}

const toTcp = (...backends: readonly string[]): string => rules(`{ backendRefs: [${backends.join(', ')}] }`);

export const CONNECTION_GROUPS: readonly Group[] = [
  {
    name: 'TCPRouteWeightedRouting',
    manifests:
      service('tcp-weight') +
      route(
        'tcp-weight',
        parent('tcp-weight', 'port: 9090'),
        toTcp('{ name: echo-v1, port: 9090, weight: 70 }', '{ name: echo-v2, port: 9090, weight: 30 }'),
        'TCPRoute',
      ),
    cases: [
      {
        type: 'split',
        kind: 'tcp',
        name: '70/30 of 1,000 connections',
        request: { to: 'tcp-weight:9090' },
        count: 1000,
        shares: { 'echo-v1': 0.7, 'echo-v2': 0.3 },
        tolerance: 0.07,
      },
    ],
  },
  {
    name: 'TCPRouteMultipleRoutesAttachment',
    manifests:
      service('tcp-two') +
      route('tcp-a-older', parent('tcp-two', 'port: 9090'), toTcp('{ name: echo-v1, port: 9090 }'), 'TCPRoute') +
      route('tcp-b-newer', parent('tcp-two', 'port: 9090'), toTcp('{ name: echo-v2, port: 9090 }'), 'TCPRoute'),
    cases: [
      ...Array.from({ length: 5 }, (_, i) =>
        tcp(`connection ${i + 1} goes where the oldest says`, 'tcp-two', 'echo-v1'),
      ),
      ...['tcp-a-older', 'tcp-b-newer'].map((resource) => ({
        type: 'condition' as const,
        name: `${resource} is accepted`,
        kind: 'TCPRoute',
        resource,
        condition: 'Accepted',
        status: 'True' as const,
        reason: 'Accepted',
      })),
    ],
  },
  {
    name: 'TCPRouteInvalidBackendRefNonexistent',
    manifests:
      service('tcp-nowhere') +
      route('tcp-nowhere', parent('tcp-nowhere', 'port: 9090'), toTcp('{ name: nonexistent, port: 9090 }'), 'TCPRoute'),
    cases: [
      tcp('the connection is reset', 'tcp-nowhere', null),
      {
        type: 'condition',
        name: 'ResolvedRefs is False',
        kind: 'TCPRoute',
        resource: 'tcp-nowhere',
        condition: 'ResolvedRefs',
        status: 'False',
        reason: 'BackendNotFound',
      },
    ],
  },
  {
    name: 'TLSRouteSimpleSameNamespace',
    manifests:
      service('tls-sni') +
      route(
        'tls-exact',
        parent('tls-sni', 'port: 443'),
        rules('{ backendRefs: [{ name: echo-v1, port: 443 }] }'),
        'TLSRoute',
        undefined,
        'hostnames: [abc.example.com]',
      ) +
      route(
        'tls-wildcard',
        parent('tls-sni', 'port: 443'),
        rules('{ backendRefs: [{ name: echo-v2, port: 443 }] }'),
        'TLSRoute',
        undefined,
        'hostnames: ["*.example.com"]',
      ),
    cases: [
      tls('the name itself', 'tls-sni', 'abc.example.com', 'echo-v1'),
      tls('a name below the wildcard', 'tls-sni', 'other.example.com', 'echo-v2'),
      tls('another name', 'tls-sni', 'www.example.org', null),
    ],
  },
  {
    name: 'TLSRouteInvalidBackendRefNonexistent',
    manifests:
      service('tls-nowhere') +
      route(
        'tls-nowhere',
        parent('tls-nowhere', 'port: 443'),
        rules('{ backendRefs: [{ name: nonexistent, port: 443 }] }'),
        'TLSRoute',
        undefined,
        'hostnames: [abc.example.com]',
      ),
    cases: [tls('the connection is refused', 'tls-nowhere', 'abc.example.com', null)],
  },
];
