/** Debian's HAProxy with one thread. */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Door } from '../place/addresses.ts';
import { DOORS, listenPort } from '../place/addresses.ts';
import { TLS_HOST } from '../place/certificate.ts';
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import type { Work } from '../rows.ts';
import type { PeerPlace, PeerShape } from './peer.ts';
import type { Counts } from './subject.ts';

export function haproxy({ folder, certificate }: PeerPlace): PeerShape {
  const socket = join(folder, 'haproxy.sock');
  return {
    name: 'haproxy',
    doors: DOORS,
    lacks: {},
    ways: {
      bulk: [
        { label: 'copying', door: 'bulk' },
        { label: 'splicing', door: 'splice' },
      ],
    },
    prepare() {
      const config = join(folder, 'haproxy.cfg');
      writeFileSync(config, renderConfig(socket, certificate.authorityFile));
      return ['haproxy', '-db', '-f', config];
    },
    async check() {},
    async counts(work) {
      return countsOf(parseStats(await ask(socket, 'show stat\n')), work);
    },
  };
}

function renderConfig(socket: string, authorityFile: string): string {
  const requestId = 'http-request set-header x-request-id %[uuid] unless { req.hdr(x-request-id) -m found }';
  const http = (door: Work, bind: string, server: string): string => `listen ${door}
  mode http
  bind 127.0.0.1:${listenPort('haproxy', door)} backlog 4096 ${bind}
  http-reuse always
  ${requestId}
  server upstream ${UPSTREAM_ADDRESS}:${UPSTREAM_PORTS[door]} ${server}`;
  const tcp = (door: Door, work: Work, option: string): string => `listen ${door}
  mode tcp
  bind 127.0.0.1:${listenPort('haproxy', door)} backlog 4096
  ${option}
  server upstream ${UPSTREAM_ADDRESS}:${UPSTREAM_PORTS[work]}`;
  return `global
  nbthread 1
  maxconn 7500
  stats socket ${socket} mode 600
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
${http('http1', '', '')}
${http('tls', '', `ssl verify required ca-file ${authorityFile} sni str(${TLS_HOST}) verifyhost ${TLS_HOST}`)}
${http('http2', 'proto h2', 'proto h2')}
${http('grpc', 'proto h2', 'proto h2')}
${tcp('tcp', 'tcp', '')}
${tcp('bulk', 'bulk', '')}
${tcp('splice', 'bulk', 'option splice-auto')}
`;
}

/** Frontend -> field -> value, of the CSV that HAProxy's management guide describes (section 9.1). */
export function parseStats(csv: string): Map<string, Record<string, string>> {
  const [header = '', ...lines] = csv.split('\n').filter((line) => line !== '');
  const fields = header.replace(/^# /, '').split(',');
  const rows = lines.map((line) => line.split(','));
  const frontends = rows.filter((cells) => cells[1] === 'FRONTEND');
  return new Map(
    frontends.map((cells) => [cells[0] ?? '', Object.fromEntries(fields.map((field, i) => [field, cells[i] ?? '']))]),
  );
}

/** The frontends of another mode must not have seen a connection, and those of HTTP/2 must have counted its own. */
function countsOf(stats: ReturnType<typeof parseStats>, work: Work): Counts {
  const sum = (names: readonly Door[], field: string): number =>
    names.reduce((total, name) => total + Number(stats.get(name)?.[field] ?? Number.NaN), 0);
  const own: readonly Door[] = work === 'bulk' ? ['bulk', 'splice'] : [work];
  const isHttp2 = work === 'http2' || work === 'grpc';
  const isTcp = work === 'tcp' || work === 'bulk';
  return {
    connections: sum(own, isHttp2 ? 'h2_total_connections' : 'conn_tot'),
    requests: isTcp ? null : sum(own, 'hrsp_2xx'),
    strays: sum(
      DOORS.filter((door) => !own.includes(door)),
      'conn_tot',
    ),
    bytes: sum(own, 'bin'),
  };
}

function ask(socket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(socket)
      .setEncoding('utf8')
      .on('data', (text: string) => {
        answer += text;
      })
      .on('error', reject)
      .on('end', () => resolve(answer))
      .end(command);
  });
}
