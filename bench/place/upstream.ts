/** What the proxies send traffic to: nginx with one worker for each kind of HTTP, a gRPC server, and an iperf3 server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES, SMALL_BYTES, type Work } from '../rows.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { NginxStatus, renderStatus } from './nginx-status.ts';
import { isInstalled, Program } from './programs.ts';

export const UPSTREAM_ADDRESS = '127.0.0.1';
/** Each speaks nothing but what its work speaks: who reaches it, spoke that. */
export const UPSTREAM_PORTS: Readonly<Record<Work, number>> = {
  http1: 8081,
  tcp: 8081,
  http2: 8082,
  grpc: 8083,
  tls: 8443,
  bulk: 5201,
};
const STATUS_PORTS = { http1: 8091, http2: 8092, tls: 8093, grpc: 8094 } as const;
const GRPC_SERVER = 'bench-grpc';

/** What the upstream has counted since its start. */
export interface UpstreamCounts {
  readonly connections: number;
  /** HTTP requests, or gRPC messages answered. */
  readonly requests: number;
}

export class Upstream {
  readonly certificate: Certificate;
  readonly #folder: string;
  readonly #pinned: readonly string[];
  readonly #programs: Program[] = [];
  readonly #status = {
    http1: new NginxStatus(STATUS_PORTS.http1),
    http2: new NginxStatus(STATUS_PORTS.http2),
    tls: new NginxStatus(STATUS_PORTS.tls),
  };

  /** @param pinned command that places a process on the generators' core */
  constructor(folder: string, pinned: readonly string[]) {
    this.#folder = folder;
    this.#pinned = pinned;
    this.certificate = makeCertificate(folder);
  }

  async start(): Promise<void> {
    const files = join(this.#folder, 'files');
    mkdirSync(files);
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(files, name), 'x'.repeat(bytes));
    for (const work of ['http1', 'http2', 'tls'] as const) {
      const config = join(this.#folder, `upstream-${work}.conf`);
      writeFileSync(config, renderNginx(work, this.#folder, this.certificate));
      await this.#run(`nginx (${work})`, ['nginx', '-c', config], () => isCounting(this.#status[work]));
    }
    if (this.cannot('grpc') === null) {
      const counted = `127.0.0.1:${STATUS_PORTS.grpc}`;
      const command = [GRPC_SERVER, 'serve', `${UPSTREAM_ADDRESS}:${UPSTREAM_PORTS.grpc}`, counted];
      await this.#run(GRPC_SERVER, command, () => answers(`http://${counted}/counts`));
    }
    const iperf3 = ['iperf3', '-s', '-p', String(UPSTREAM_PORTS.bulk), '--forceflush'];
    await this.#run('iperf3', iperf3, async (program) => program.output.includes('listening'));
  }

  async stop(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.stop();
  }

  /** Why nobody can do that work here; null when it can be done. */
  cannot(work: Work): string | null {
    if (work !== 'grpc' || isInstalled(GRPC_SERVER)) return null;
    return `${GRPC_SERVER} is not built: scripts/setup.sh bench needs Go for it`;
  }

  /** null: it does not count that work. */
  async counts(work: Work): Promise<UpstreamCounts | null> {
    switch (work) {
      case 'http1':
      case 'tcp':
        return this.#status.http1.read();
      case 'http2':
      case 'tls':
        return this.#status[work].read();
      case 'grpc': {
        const response = await fetch(`http://127.0.0.1:${STATUS_PORTS.grpc}/counts`);
        const { connections, messages } = (await response.json()) as { connections: number; messages: number };
        return { connections, requests: messages };
      }
      case 'bulk':
        return null;
    }
  }

  async #run(name: string, command: readonly string[], ready: (program: Program) => Promise<boolean>): Promise<void> {
    const program = new Program(name, [...this.#pinned, ...command]);
    this.#programs.push(program);
    await program.until('it answered', () => ready(program));
  }
}

/** Asks nothing else, which would count as a request of somebody's. */
function isCounting(status: NginxStatus): Promise<boolean> {
  return status.read().then(
    () => true,
    () => false,
  );
}

/** True when a GET is answered with 200. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

function renderNginx(work: 'http1' | 'http2' | 'tls', folder: string, certificate: Certificate): string {
  const words = { http1: '', http2: ' http2', tls: ' ssl' };
  const tls = `ssl_certificate ${certificate.certificateFile}; ssl_certificate_key ${certificate.keyFile};
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;`;
  return `daemon off; user root; worker_processes 1;
pid ${folder}/upstream-${work}.pid; error_log ${folder}/upstream-${work}.log;
events { worker_connections 16384; }
http {
  access_log off; default_type text/plain; sendfile on; tcp_nopush on; open_file_cache max=16 inactive=1h;
  keepalive_requests 1000000000; keepalive_timeout 1h; client_header_timeout 1h;
  server {
    listen ${UPSTREAM_ADDRESS}:${UPSTREAM_PORTS[work]}${words[work]} backlog=4096;
    ${work === 'tls' ? tls : ''}
    location = / { return 200 "${'x'.repeat(SMALL_BYTES)}"; }
    location / { root ${folder}/files; }
  }
  ${renderStatus(STATUS_PORTS[work])}
}
`;
}
