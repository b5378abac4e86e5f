/** The lab of the replay: two callers in different namespaces, three echo servers, all with agents. */
import type { Issued } from '../unit/reactor/tls/support/pki.ts';
import { CONSUMER, NAMESPACE } from './text.ts';

const PROGRAM = new URL('programs/echo-server.ts', import.meta.url).pathname;
export const CLIENT_PROGRAM = new URL('programs/replay-client.ts', import.meta.url).pathname;
export const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];

export function topology(certificate: Issued): Record<string, unknown> {
  return {
    control: 'control',
    hosts: {
      control: {},
      client: caller(NAMESPACE),
      consumer: caller(CONSUMER),
      ...Object.fromEntries(['v1', 'v2', 'v3'].map((version) => [`echo-${version}`, server(version, certificate)])),
    },
  };
}

/** The namespace of a host's first program is that of its callers. */
function caller(namespace: string): object {
  return { agent: { config: { workloads: [{ name: 'caller', namespace, ports: { unused: 9 } }] } } };
}

function server(version: string, certificate: Issued): object {
  const name = `echo-${version}`;
  return {
    agent: {
      config: {
        workloads: [
          {
            name,
            namespace: NAMESPACE,
            labels: { app: 'echo', version },
            ports: {
              plain: 8080,
              h2c: { port: 8082, appProtocol: 'kubernetes.io/h2c' },
              grpc: { port: 7070, appProtocol: 'grpc' },
              tcp: { port: 9090, appProtocol: 'tcp' },
            },
          },
        ],
      },
    },
    programs: [
      {
        name: 'echo',
        command: [...NODE, PROGRAM, name],
        ready: { port: 9090 },
        files: { 'cert.pem': certificate.certificate.toString(), 'key.pem': certificate.key.toString() },
      },
    ],
  };
}
