/** The topology of most tests: a client and a server host, each with an agent, and unmodified programs on the server. */
import type { TestLab, TopologyInput } from './lab.ts';

export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly user?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly ready?: { readonly port: number };
}

/** `ports` by name; no protocol is declared, so every connection is sniffed. */
export function pairTopology(programs: readonly Program[], ports: Readonly<Record<string, number>>): TopologyInput {
  const workloads = [{ name: 'server', namespace: 'test', labels: { app: 'server' }, ports }];
  return {
    control: 'control',
    hosts: { control: {}, client: { agent: {} }, server: { agent: { config: { workloads } }, programs } },
  };
}

/** A Service for each port, of the port's name; nothing is declared. */
export function pairServices(ports: Readonly<Record<string, number>>): string {
  return Object.entries(ports)
    .map(
      ([name, port]) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: test }
spec: { selector: { app: server }, ports: [{ name: ${name}, port: ${port} }] }
`,
    )
    .join('---');
}

/** Where a program of the lab runs and writes. */
export function folderOf(lab: TestLab, host: string, program: string): string {
  const found = lab.host(host).programs.find((p) => p.name === program);
  if (found === undefined) throw new Error(`${host} has no program ${program}`);
  return found.folder;
}

/** nginx in the foreground with `http` as the content of its http block; answers are small unless `http` says otherwise. */
export function nginx(http: string, port: number, name = 'nginx'): Program {
  return {
    name,
    command: ['nginx', '-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
    ready: { port },
    files: {
      'nginx.conf': `daemon off; pid nginx.pid; worker_processes 1; events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; client_body_temp_path body; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
  ${http}
}
`,
    },
  };
}
