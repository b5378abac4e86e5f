/** What the proxies send traffic to: one nginx worker, and an iperf3 server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES, SMALL_BYTES } from '../rows.ts';
import { Program } from './programs.ts';

export const UPSTREAM_ADDRESS = '127.0.0.1';
export const HTTP_PORT = 8081;
export const BULK_PORT = 5201;

export async function startUpstream(folder: string, pinned: readonly string[]): Promise<Program[]> {
  const files = join(folder, 'files');
  mkdirSync(files);
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(files, name), 'x'.repeat(bytes));
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, renderNginx(folder, files));
  const nginx = new Program('nginx', [...pinned, 'nginx', '-c', config]);
  await nginx.until('it answered', () => answers(`http://${UPSTREAM_ADDRESS}:${HTTP_PORT}/`));
  const iperf3 = new Program('iperf3', [...pinned, 'iperf3', '-s', '-p', String(BULK_PORT), '--forceflush']);
  await iperf3.until('it listened', async () => iperf3.output.includes('listening'));
  return [nginx, iperf3];
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

function renderNginx(folder: string, files: string): string {
  return `daemon off; user root; worker_processes 1;
pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 16384; }
http {
  access_log off; default_type text/plain; sendfile on; tcp_nopush on; open_file_cache max=16 inactive=1h;
  keepalive_requests 1000000000; keepalive_timeout 1h; client_header_timeout 1h;
  server {
    listen ${UPSTREAM_ADDRESS}:${HTTP_PORT} backlog=4096;
    location = / { return 200 "${'x'.repeat(SMALL_BYTES)}"; }
    location / { root ${files}; }
  }
}
`;
}
