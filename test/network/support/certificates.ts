/** Certificates that last seconds, on three hosts under load: what `npm test` does for a few lives, `npm run soak -- --certificates` for hours. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShowReply } from '../../../src/contract/certificate-messages.ts';
import type { HostProcess } from './host-process.ts';
import type { TestLab, TopologyInput } from './lab.ts';
import { type LoadReport, startLoad } from './load.ts';
import { nginx, pairServices } from './pair.ts';

export const CLIENTS = 4;
/** `once` answers one request on each connection, so that each is a new one between the agents as well. */
const PORTS = { web: 8080, once: 8081, store: 6379 };
const URL_OF_WEB = 'http://web.test:8080/';
const URL_OF_ONCE = 'http://once.test:8081/';
const POLICY = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: test }
spec: { mtls: { mode: STRICT } }
`;

/** A client host and a server host that speak mutual TLS alone. */
export function shortLived(lifetimeSeconds: number): TopologyInput {
  const server = (port: number, more: string): string =>
    `server { listen ${port}; listen [::]:${port}; ${more} location / { return 200 "ok\\n"; } }`;
  const web = nginx(server(PORTS.web, '') + server(PORTS.once, 'keepalive_timeout 0;'), PORTS.web);
  const command = ['redis-server', '--bind', '*', '-::*', '--protected-mode', 'no', '--save', ''];
  const store = { name: 'redis', command, ready: { port: PORTS.store } };
  const workloads = [{ name: 'server', namespace: 'test', labels: { app: 'server' }, ports: PORTS }];
  return {
    control: 'control',
    controlOptions: ['--cert-lifetime', `${lifetimeSeconds}s`],
    hosts: {
      control: {},
      client: { agent: { config: { mutualTls: true } } },
      server: { agent: { config: { mutualTls: true, workloads } }, programs: [web, store] },
    },
  };
}

export async function prepare(lab: TestLab): Promise<void> {
  await lab.apply(`${pairServices(PORTS)}---${POLICY}`);
  await lab.waitFor('an answer under mutual TLS', 20_000, async () => (await ask(lab)).startsWith('200 ok'));
}

/** `<status> <body>` of one request on a connection of its own, all the way. */
export async function ask(lab: TestLab): Promise<string> {
  const { stdout } = await lab.exec('client', ['curl', '-s', '-m', '5', '-w', '\\n%{http_code}', URL_OF_ONCE]);
  const lines = stdout.trimEnd().split('\n');
  return `${lines.at(-1)} ${lines.slice(0, -1).join(' ')}`;
}

export interface PingReport {
  /** Answers on the connection that is held, and on new ones. */
  readonly held: number;
  readonly fresh: number;
  readonly failed: number;
  readonly connections: number;
  readonly problems: readonly string[];
}

export interface Reports {
  readonly requests: LoadReport;
  readonly pings: PingReport;
}

/** HTTP clients that keep their connections, one connection of bytes that is held, and new ones all the time. */
export async function startTraffic(lab: TestLab): Promise<{ stop(): Promise<Reports> }> {
  const load = await startLoad(lab, 'client', { url: URL_OF_WEB, clients: CLIENTS, pauseMs: 20 });
  const program = new URL('programs/pings.ts', import.meta.url).pathname;
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', program, 'store.test', '6379', '50'];
  const pings: HostProcess = lab.spawn('client', words);
  await lab.waitFor('the pings to begin', 10_000, async () => pings.stderr.includes('began'));
  return {
    stop: async () => {
      pings.end();
      const requests = await load.stop();
      const { exitCode, stdout, stderr } = await pings.within(30_000);
      if (exitCode !== 0) throw new Error(`the pings failed: ${stderr}`);
      return { requests, pings: JSON.parse(stdout) };
    },
  };
}

/** What went wrong under the traffic, in words; empty: nothing. */
export function harm({ requests, pings }: Reports): string[] {
  const lost = requests.connections - CLIENTS;
  return [
    ...(requests.failed > 0
      ? [`${requests.failed} of ${requests.requests} requests failed`, ...requests.problems]
      : []),
    ...(lost > 0 ? [`${lost} connections of HTTP clients were lost`] : []),
    ...(pings.failed > 0 ? [`${pings.failed} pings failed`, ...pings.problems] : []),
    ...(pings.connections > pings.fresh + 1 ? ['the connection that is held was lost'] : []),
  ];
}

/** How often each host has had a new certificate. */
export async function renewals(lab: TestLab): Promise<number[]> {
  return Promise.all(['client', 'server'].map((host) => lab.counter(host, 'towpath_certificate_renewals_total')));
}

export async function show(lab: TestLab): Promise<ShowReply> {
  return JSON.parse(await lab.run('control', ['towpath', 'cert', 'show', '-o', 'json']));
}

/** Rotates the root, and waits until the old one is gone. */
export async function rotateRoot(lab: TestLab, lifetimeSeconds: number): Promise<void> {
  const before = (await show(lab)).roots.map(({ fingerprint }) => fingerprint);
  await lab.run('control', ['towpath', 'cert', 'rotate-root']);
  await lab.waitFor('the old root to be dropped', (lifetimeSeconds * 3 + 30) * 1000, async () => {
    await sleep(500);
    const { roots, rotation } = await show(lab);
    return rotation === null && roots.every(({ fingerprint }) => !before.includes(fingerprint));
  });
}

/** Ms until the last certificate of a host ends. */
export async function secondsLeft(lab: TestLab, host: string): Promise<number> {
  const ends = await lab.counter(host, 'towpath_certificate_expiration_timestamp_seconds');
  return ends - Date.now() / 1000;
}
