/** The resources that Towpath works by: a Service for each kind of work, all of one workload. Pure. */
import { virtualAddress } from '../place/addresses.ts';
import { TLS_HOST } from '../place/certificate.ts';
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import { WORKS, type Work } from '../rows.ts';

/** HTTP/1.1 is left to sniffing, as most people will leave it. */
const APP_PROTOCOLS: Readonly<Record<Work, string | null>> = {
  http1: null,
  tls: 'http',
  http2: 'kubernetes.io/h2c',
  grpc: 'grpc',
  tcp: 'tcp',
  bulk: 'tcp',
};

/** @param authority PEM text of the authority of the TLS upstream; null leaves that service without TLS */
export function renderResources(authority: string | null): string {
  const workload = `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: web, labels: { app: web } }
spec:
  address: ${UPSTREAM_ADDRESS}
  ports: { ${WORKS.map((work) => `${work}: ${UPSTREAM_PORTS[work]}`).join(', ')} }
`;
  return [workload, ...WORKS.map(renderService), ...(authority === null ? [] : [renderTls(authority)])].join('---\n');
}

function renderService(work: Work): string {
  const { address, port } = virtualAddress('towpath', work);
  const declared = APP_PROTOCOLS[work];
  return `apiVersion: v1
kind: Service
metadata: { name: ${work} }
spec:
  clusterIP: ${address}
  selector: { app: web }
  ports:
    - { name: ${work}, port: ${port}${declared === null ? '' : `, appProtocol: ${declared}`} }
`;
}

function renderTls(authority: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: tls }
spec:
  targetRefs:
    - { group: '', kind: Service, name: tls }
  validation:
    hostname: ${TLS_HOST}
    caCertificateRefs:
      - { group: '', kind: ConfigMap, name: authority }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: authority }
data:
  ca.crt: |
${authority.trimEnd().replaceAll(/^/gm, '    ')}
`;
}
