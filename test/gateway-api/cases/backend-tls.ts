/** BackendTLSPolicy tests. The servers' certificate is for abc.example.com and spiffe://abc.example.com/test-identity. */
import { type ConditionCase, type Group, request } from '../case-types.ts';
import { parent, route, rules, service } from '../text.ts';

/** The authority's certificate takes its place. */
export const AUTHORITY = '$AUTHORITY';
export const SERVER_NAMES = 'DNS:abc.example.com,URI:spiffe://abc.example.com/test-identity';
const CONFIG_MAP = `
apiVersion: v1
kind: ConfigMap
metadata: { name: authority, namespace: mesh }
data:
  ca.crt: |
${AUTHORITY}
---`;

function policy(name: string, target: string, validation: string, section = ''): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: ${name}, namespace: mesh }
spec:
  targetRefs: [{ group: "", kind: Service, name: ${target}${section === '' ? '' : `, sectionName: ${section}`} }]
  validation: { ${validation} }
---`;
}

/** A Service whose endpoints speak TLS, and a route to it. */
function secured(name: string): string {
  return (
    service(`${name}-backend`) +
    route(name, parent(name, 'port: 80'), rules(`{ backendRefs: [{ name: ${name}-backend, port: 8444 }] }`)) +
    service(name)
  );
}

const trusted = 'caCertificateRefs: [{ group: "", kind: ConfigMap, name: authority }]';
const names = (type: string, value: string): string =>
  `hostname: abc.example.com, ${trusted}, subjectAltNames: [{ type: ${type}, ${type === 'URI' ? 'uri' : 'hostname'}: "${value}" }]`;
const REFUSED = { status: [502, 503, 500] };
const condition = (
  name: string,
  resource: string,
  type: string,
  status: 'True' | 'False',
  reason: string,
): ConditionCase => ({
  type: 'condition',
  name,
  kind: 'BackendTLSPolicy',
  resource,
  condition: type,
  status,
  reason,
});

export const BACKEND_TLS_GROUPS: readonly Group[] = [
  {
    name: 'BackendTLSPolicy',
    manifests:
      CONFIG_MAP +
      secured('tls-good') +
      policy('tls-good', 'tls-good-backend', `hostname: abc.example.com, ${trusted}`) +
      secured('tls-host') +
      policy('tls-host', 'tls-host-backend', `hostname: other.example.com, ${trusted}`),
    cases: [
      request('the certificate is for the name', 'tls-good', '/', {}),
      request('it is for another name', 'tls-host', '/', REFUSED),
      condition('Accepted', 'tls-good', 'Accepted', 'True', 'Accepted'),
    ],
  },
  {
    name: 'BackendTLSPolicySANValidation',
    manifests:
      secured('tls-san-dns') +
      policy('tls-san-dns', 'tls-san-dns-backend', names('Hostname', 'abc.example.com')) +
      secured('tls-san-uri') +
      policy('tls-san-uri', 'tls-san-uri-backend', names('URI', 'spiffe://abc.example.com/test-identity')) +
      secured('tls-san-other') +
      policy('tls-san-other', 'tls-san-other-backend', names('Hostname', 'mismatch.example.com')),
    cases: [
      request('a DNS name', 'tls-san-dns', '/', {}),
      request('a URI', 'tls-san-uri', '/', {}),
      request('a name that is not in it', 'tls-san-other', '/', REFUSED),
    ],
  },
  {
    name: 'BackendTLSPolicyConflictResolution',
    manifests:
      secured('tls-conflict') +
      policy('tls-conflict-1', 'tls-conflict-backend', `hostname: abc.example.com, ${trusted}`) +
      policy('tls-conflict-2', 'tls-conflict-backend', `hostname: other.example.com, ${trusted}`) +
      secured('tls-section') +
      policy('tls-section-1', 'tls-section-backend', `hostname: other.example.com, ${trusted}`) +
      policy('tls-section-2', 'tls-section-backend', `hostname: abc.example.com, ${trusted}`, 'https'),
    cases: [
      request('the older policy applies', 'tls-conflict', '/', {}),
      condition('the younger is in conflict', 'tls-conflict-2', 'Accepted', 'False', 'Conflicted'),
      request('one for the port beats one for the Service', 'tls-section', '/', {}),
    ],
  },
  {
    name: 'BackendTLSPolicyInvalidCACertificateRef',
    manifests:
      secured('tls-no-ca') +
      policy(
        'tls-no-ca',
        'tls-no-ca-backend',
        'hostname: abc.example.com, caCertificateRefs: [{ group: "", kind: ConfigMap, name: missing }]',
      ),
    cases: [
      condition('Accepted is False', 'tls-no-ca', 'Accepted', 'False', 'NoValidCACertificate'),
      condition('ResolvedRefs is False', 'tls-no-ca', 'ResolvedRefs', 'False', 'InvalidCACertificateRef'),
      request('never in plain text', 'tls-no-ca', '/', REFUSED),
    ],
  },
];
