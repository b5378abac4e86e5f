/** Hosts of a lab: two agents, two HAProxy, two Envoy, each pair with an nginx behind the callee. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as labs from '../../src/lab/index.ts';
import { readLabState } from '../../src/lab/lab-files.ts';
import { isInstalled, run, whereIs } from '../place/programs.ts';
import { SMALL_BYTES } from '../rows.ts';
import { makePeerCertificates } from './certificates.ts';
import {
  DIALLED_PORT,
  envoyPeer,
  haproxyPeer,
  type PeerProgram,
  PROGRAM_PORT,
  redirectRules,
  WIRE_PORT,
} from './peers.ts';

/** towpath-plain: the same two agents, on a port that says DISABLE. */
export type PairName = 'towpath' | 'towpath-plain' | 'haproxy' | 'envoy';

export interface Pair {
  readonly name: PairName;
  readonly callerPid: number;
  readonly calleePid: number;
  /** What a program on the caller's host dials. */
  readonly namespace: string;
  readonly address: string;
  readonly port: number;
  /** Where the callee answers mutual TLS; null: it does not. */
  readonly door: { readonly address: string; readonly port: number; readonly alpn: string } | null;
}

export interface World {
  readonly pairs: readonly Pair[];
  /** A program behind no proxy, from another host. */
  readonly direct: Pick<Pair, 'namespace' | 'address' | 'port'>;
  /** Folder with the certificate that a caller of that pair shows, as leaf.crt and leaf.key. */
  certificateFor(pair: Pair): string;
  metrics(host: 'caller' | 'callee'): Promise<string>;
}

const HOSTS = ['control', 'caller', 'callee', 'haproxy-a', 'haproxy-b', 'envoy-a', 'envoy-b'] as const;
type Host = (typeof HOSTS)[number];
/** The lab numbers its hosts in order. */
const addressOf = (host: Host): string => `10.77.0.${HOSTS.indexOf(host) + 2}`;
const PLAIN_PORT = 81;
const NET = { network: { ipv4: '10.77.0.0/24' } };

function program(ports: readonly string[]): object {
  const servers = ports.map(
    (port) => `server {
    listen ${port} backlog=4096;
    location = / { return 200 "${'x'.repeat(SMALL_BYTES)}"; }
    location = /1k { return 200 "${'x'.repeat(1024)}"; }
  }`,
  );
  const config = `daemon off; pid nginx.pid; worker_processes 1; events { worker_connections 8192; }
http {
  access_log off; default_type text/plain; keepalive_requests 1000000000; keepalive_timeout 1h;
  ${servers.join('\n')}
}
`;
  return {
    name: 'nginx',
    command: ['taskset', '-c', '0', 'nginx', '-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
    files: { 'nginx.conf': config },
    ready: { port: Number(ports[0]?.split(':').at(-1)) },
  };
}

function agent(name: string, ports: Readonly<Record<string, number>>): object {
  const workloads = [{ name, namespace: 'bench', labels: { app: name }, ports }];
  return { config: { log: { level: 'warn' }, workloads } };
}

function topology(): object {
  const certificates = makePeerCertificates();
  const peers = (kind: 'haproxy' | 'envoy', make: typeof haproxyPeer): Record<string, object> => ({
    [`${kind}-a`]: { programs: pinned(make(certificates, addressOf(`${kind}-b`))) },
    [`${kind}-b`]: { programs: [program([`${PROGRAM_PORT}`]), ...pinned(make(certificates, null))] },
  });
  // The lab has a PATH of its own.
  const pinned = (one: PeerProgram): object[] => {
    const [program = '', ...words] = one.command;
    return [{ ...one, command: ['taskset', '-c', '1', whereIs(program) ?? program, ...words] }];
  };
  return {
    ...NET,
    control: 'control',
    hosts: {
      control: {},
      caller: { agent: agent('caller', { own: 9000 }) },
      callee: { agent: agent('callee', { web: 80, plain: PLAIN_PORT }), programs: [program(['80', `${PLAIN_PORT}`])] },
      ...peers('haproxy', haproxyPeer),
      ...(isInstalled('envoy') ? peers('envoy', envoyPeer) : { 'envoy-a': {}, 'envoy-b': {} }),
    },
  };
}

const service = (name: string, port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: bench }\nspec: { selector: { app: callee }, ports: [{ name: ${name}, port: ${port} }] }\n`;
const RESOURCES = `${service('web', 80)}---
${service('plain', PLAIN_PORT)}---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: plain, namespace: bench }
spec: { selector: { matchLabels: { app: callee } }, mtls: { mode: STRICT }, portLevelMtls: { ${PLAIN_PORT}: { mode: DISABLE } } }
`;

/** Brings the hosts up, runs `body`, and takes them down whatever happens. */
export async function withWorld<T>(body: (world: World) => Promise<T>): Promise<T> {
  const name = `bench-${process.pid}`;
  const decoded = labs.decodeTopology(topology(), 'the bench');
  if (!decoded.ok) throw new Error(decoded.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const towpath = labs.findTowpath();
  const { signal } = new AbortController();
  try {
    const { plan } = await labs.bringUpLab(decoded.value, name, { towpath, progress: () => undefined, signal });
    await labs.applyText(plan, towpath, RESOURCES);
    await labs.publishServiceNames(plan, towpath);
    return await body(await look(plan));
  } finally {
    await labs.takeDownLab(name);
  }
}

async function look(plan: labs.LabPlan): Promise<World> {
  const state = await readLabState(plan.name);
  const host = (name: Host): labs.HostPlan => {
    const found = plan.hosts.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the lab has no host ${name}`);
    return found;
  };
  const pidOf = (name: Host, wanted: string): number => {
    const found = state?.running.find((one) => one.host === name && one.program === wanted);
    if (found === undefined) throw new Error(`${name} does not run ${wanted}`);
    return found.process.pid;
  };
  const agents = { callerPid: pidOf('caller', 'agent'), calleePid: pidOf('callee', 'agent') };
  for (const pid of Object.values(agents)) await run(['taskset', '-acp', '1', String(pid)]);
  for (const kind of ['haproxy', 'envoy'] as const) {
    const rules = redirectRules(addressOf(`${kind}-b`));
    await run(['ip', 'netns', 'exec', host(`${kind}-a`).namespace, ...rules.caller]);
    await run(['ip', 'netns', 'exec', host(`${kind}-b`).namespace, ...rules.callee]);
  }
  const { namespace } = host('caller');
  const virtual = async (service: string): Promise<string> =>
    (await run(['ip', 'netns', 'exec', namespace, 'getent', 'ahostsv4', `${service}.bench`])).split(' ')[0] ?? '';
  const door = { address: addressOf('callee'), port: 80, alpn: 'towpath-http/1.1' };
  const towpath = { ...agents, namespace };
  const peer = (kind: 'haproxy' | 'envoy'): Pair => ({
    name: kind,
    callerPid: pidOf(`${kind}-a`, 'proxy'),
    calleePid: pidOf(`${kind}-b`, 'proxy'),
    namespace: host(`${kind}-a`).namespace,
    address: addressOf(`${kind}-b`),
    port: DIALLED_PORT,
    door: { address: addressOf(`${kind}-b`), port: WIRE_PORT, alpn: '' },
  });
  return {
    pairs: [
      { ...towpath, name: 'towpath', address: await virtual('web'), port: 80, door },
      { ...towpath, name: 'towpath-plain', address: await virtual('plain'), port: PLAIN_PORT, door: null },
      peer('haproxy'),
      ...(isInstalled('envoy') ? [peer('envoy')] : []),
    ],
    direct: { namespace: host('haproxy-a').namespace, address: addressOf('haproxy-b'), port: PROGRAM_PORT },
    certificateFor: ({ name }) => certificateFolder(host(name === 'towpath' ? 'caller' : (`${name}-a` as Host)), name),
    metrics: (which) =>
      run(['ip', 'netns', 'exec', host(which).namespace, 'curl', '-sS', 'http://127.0.0.1:15020/metrics']),
  };
}

function certificateFolder({ folder, programs }: labs.HostPlan, name: PairName): string {
  if (name !== 'towpath') return programs.find((one) => one.name === 'proxy')?.folder ?? '';
  const state = join(folder, 'agent', 'state');
  const { identities } = JSON.parse(readFileSync(join(state, 'identity'), 'utf8')) as {
    identities: { chain: string; key: string }[];
  };
  writeFileSync(join(state, 'leaf.crt'), identities[0]?.chain ?? '');
  writeFileSync(join(state, 'leaf.key'), identities[0]?.key ?? '', { mode: 0o600 });
  return state;
}
