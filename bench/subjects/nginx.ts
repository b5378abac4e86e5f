/** Debian's nginx as a proxy, one process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenPort, statusPort } from '../place/addresses.ts';
import { TLS_HOST } from '../place/certificate.ts';
import { NginxStatus, renderStatus } from '../place/nginx-status.ts';
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import type { Work } from '../rows.ts';
import type { PeerPlace, PeerShape } from './peer.ts';

export function nginx({ folder, certificate }: PeerPlace): PeerShape {
  const status = new NginxStatus(statusPort('nginx'));
  return {
    name: 'nginx',
    doors: ['http1', 'tls', 'grpc', 'tcp', 'bulk'],
    lacks: { http2: 'nginx speaks HTTP/2 to clients only; to upstreams it speaks HTTP/1.1 (and gRPC)' },
    ways: {},
    prepare() {
      const config = join(folder, 'nginx.conf');
      writeFileSync(config, renderConfig(folder, certificate.authorityFile));
      return ['nginx', '-c', config];
    },
    async check() {},
    async counts(work) {
      // Its page knows nothing of the stream module: there only the upstream's counters tell.
      if (work === 'tcp' || work === 'bulk') return null;
      return { ...(await status.read()), strays: null, bytes: null };
    },
  };
}

function renderConfig(folder: string, authorityFile: string): string {
  const upstream = (name: Work, keepalive: string): string =>
    `upstream ${name} { server ${UPSTREAM_ADDRESS}:${UPSTREAM_PORTS[name]}; ${keepalive} }`;
  const keepalive = 'keepalive 256; keepalive_requests 1000000000; keepalive_timeout 1h;';
  const listen = (door: Work, words: string): string =>
    `listen 127.0.0.1:${listenPort('nginx', door)} backlog=4096 ${words};`;
  const verified = `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${authorityFile};
    proxy_ssl_name ${TLS_HOST}; proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3;`;
  return `daemon off; master_process off; user root;
pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
worker_rlimit_nofile 32768;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events { worker_connections 32768; }
http {
  access_log off;
  keepalive_requests 1000000000; keepalive_timeout 1h; client_header_timeout 1h;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_set_header X-Request-Id $request_id; proxy_max_temp_file_size 0;
  grpc_set_header X-Request-Id $request_id; grpc_read_timeout 1h; grpc_send_timeout 1h;
  ${upstream('http1', keepalive)}
  ${upstream('tls', keepalive)}
  ${upstream('grpc', keepalive)}
  server { ${listen('http1', '')} location / { proxy_pass http://http1; } }
  server { ${listen('tls', '')} location / { proxy_pass https://tls; ${verified} } }
  server { ${listen('grpc', 'http2')} location / { grpc_pass grpc://grpc; } }
  ${renderStatus(statusPort('nginx'))}
}
stream {
  proxy_timeout 1h;
  ${upstream('tcp', '')}
  ${upstream('bulk', '')}
  server { ${listen('tcp', '')} proxy_pass tcp; }
  server { ${listen('bulk', '')} proxy_pass bulk; }
}
`;
}
