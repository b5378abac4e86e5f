/** Debian's nghttpx (package nghttp2-proxy): one process with one thread. It keeps no counters: what it adds to answers proves that it gave them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenPort, virtualAddress } from '../place/addresses.ts';
import { TLS_HOST } from '../place/certificate.ts';
import { run } from '../place/programs.ts';
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import type { PeerPlace, PeerShape } from './peer.ts';

const NOT_TCP = 'nghttpx relays HTTP only';
/** Door -> how its upstream is spoken to. */
const BACKENDS = {
  http1: 'proto=http/1.1',
  tls: `proto=http/1.1;tls;sni=${TLS_HOST}`,
  http2: 'proto=h2',
  grpc: 'proto=h2',
} as const;
const HTTP_DOORS = ['http1', 'tls', 'http2', 'grpc'] as const;

export function nghttpx({ folder, certificate }: PeerPlace): PeerShape {
  return {
    name: 'nghttpx',
    doors: HTTP_DOORS,
    lacks: { tcp: NOT_TCP, bulk: NOT_TCP },
    ways: {},
    prepare() {
      const config = join(folder, 'nghttpx.conf');
      writeFileSync(config, renderConfig(folder, certificate.authorityFile));
      return ['nghttpx', `--conf=${config}`];
    },
    async check() {
      for (const door of ['http1', 'tls', 'http2'] as const) {
        const version = door === 'http2' ? '--http2-prior-knowledge' : '--http1.1';
        const url = `http://${virtualAddress('nghttpx', door).address}/`;
        const head = await run(['curl', '-sS', '-o', '/dev/null', '-D', '-', version, url]);
        if (!isOwnAnswer(head, door === 'http2' ? '2' : '1.1')) {
          throw new Error(`nghttpx did not answer at ${url} itself:\n${head}`);
        }
      }
    },
    async counts() {
      return null;
    },
  };
}

/** Status 200 in that version, received by it from the upstream in the same one. */
export function isOwnAnswer(head: string, version: '1.1' | '2'): boolean {
  const lines = head.toLowerCase().split(/\r?\n/);
  return lines[0]?.startsWith(`http/${version} 200`) === true && lines.includes(`via: ${version} nghttpx`);
}

/** The dialled address is the host of the request; it chooses the upstream. */
function renderConfig(folder: string, authorityFile: string): string {
  const frontends = HTTP_DOORS.map((door) => `frontend=127.0.0.1,${listenPort('nghttpx', door)};no-tls`);
  const backends = HTTP_DOORS.map((door) => {
    const { address } = virtualAddress('nghttpx', door);
    return `backend=${UPSTREAM_ADDRESS},${UPSTREAM_PORTS[door]};${address}/;${BACKENDS[door]}`;
  });
  return `${[...frontends, ...backends].join('\n')}
backend=${UPSTREAM_ADDRESS},${UPSTREAM_PORTS.http1};/;${BACKENDS.http1}
workers=1
single-process=yes
single-thread=yes
backlog=4096
rlimit-nofile=32768
cacert=${authorityFile}
errorlog-file=${join(folder, 'nghttpx.log')}
pid-file=${join(folder, 'nghttpx.pid')}
frontend-keep-alive-timeout=1h
frontend-read-timeout=1h
backend-keep-alive-timeout=1h
backend-read-timeout=1h
`;
}
