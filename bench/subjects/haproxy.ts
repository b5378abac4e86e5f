/** Debian's HAProxy with one thread, behind a redirect like Towpath's. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Program } from '../place/programs.ts';
import { answers, BULK_PORT, HTTP_PORT, UPSTREAM_ADDRESS } from '../place/upstream.ts';
import type { Row } from '../rows.ts';
import type { Counts, Subject, Variant } from './subject.ts';

/** What is dialled -> the listener behind it. */
const FRONTENDS = {
  http: { address: '240.241.0.10', port: 80, listen: 15101 },
  tcp: { address: '240.241.1.10', port: 80, listen: 15102 },
  bulk: { address: '240.241.1.10', port: 5201, listen: 15103 },
  splice: { address: '240.241.1.10', port: 5202, listen: 15104 },
} as const;
type Frontend = (typeof FRONTENDS)[keyof typeof FRONTENDS];

export class Haproxy implements Subject {
  readonly name = 'haproxy';
  readonly #folder: string;
  readonly #pinned: readonly string[];
  #program: Program | null = null;

  /** @param pinned command that places a process on the proxy's core */
  constructor(folder: string, pinned: readonly string[]) {
    this.#folder = folder;
    this.#pinned = pinned;
    for (const frontend of Object.values(FRONTENDS)) redirect(frontend);
  }

  async start(): Promise<void> {
    const config = join(this.#folder, 'haproxy.cfg');
    writeFileSync(config, renderConfig(this.#socket));
    this.#program = new Program('haproxy', [...this.#pinned, 'haproxy', '-db', '-f', config]);
    await this.#program.until('it served', () => answers(`http://${FRONTENDS.http.address}/`));
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  pid(): number | null {
    return this.#program?.pid ?? null;
  }

  variants({ load, protocol }: Row): readonly Variant[] {
    if (load.type === 'bulk') {
      return [
        { label: 'copying', ...FRONTENDS.bulk },
        { label: 'splicing', ...FRONTENDS.splice },
      ];
    }
    return [protocol === 'tcp' ? { label: 'tcp mode', ...FRONTENDS.tcp } : { label: 'http mode', ...FRONTENDS.http }];
  }

  async counts(): Promise<Counts> {
    const stats = parseStats(await ask(this.#socket, 'show stat\n'));
    const sum = (names: readonly string[], field: string): number =>
      names.reduce((total, name) => total + Number(stats.get(name)?.[field] ?? Number.NaN), 0);
    return {
      http1Connections: sum(['http'], 'conn_tot'),
      requests: sum(['http'], 'hrsp_2xx'),
      tcpConnections: sum(['tcp', 'bulk', 'splice'], 'conn_tot'),
      tcpBytes: sum(['tcp', 'bulk', 'splice'], 'bin'),
    };
  }

  get #socket(): string {
    return join(this.#folder, 'haproxy.sock');
  }
}

/** Behind Towpath's own jump, which passes over what is not meant for it. */
function redirect({ address, port, listen }: Frontend): void {
  const rule = `-t nat -A OUTPUT -p tcp -d ${address} --dport ${port} -j REDIRECT --to-ports ${listen}`;
  execFileSync('iptables', rule.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
}

function renderConfig(socket: string): string {
  const server = (port: number): string => `server upstream ${UPSTREAM_ADDRESS}:${port}`;
  return `global
  nbthread 1
  maxconn 7500
  stats socket ${socket} mode 600
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
listen http
  mode http
  bind 127.0.0.1:${FRONTENDS.http.listen} backlog 4096
  http-reuse always
  http-request set-header x-request-id %[uuid] unless { req.hdr(x-request-id) -m found }
  ${server(HTTP_PORT)}
listen tcp
  mode tcp
  bind 127.0.0.1:${FRONTENDS.tcp.listen} backlog 4096
  ${server(HTTP_PORT)}
listen bulk
  mode tcp
  bind 127.0.0.1:${FRONTENDS.bulk.listen}
  ${server(BULK_PORT)}
listen splice
  mode tcp
  bind 127.0.0.1:${FRONTENDS.splice.listen}
  option splice-auto
  ${server(BULK_PORT)}
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
