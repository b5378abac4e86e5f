/** A cluster of three current nats-servers with JetStream, as `scripts/setup.sh test` has built them. */
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectOnce } from '../../../src/contract/open-bus.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { launch, type NatsProcess } from './nats-server.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', '..', '.tools', 'bin', 'nats-server-current');
const NODES = 3;
/** Forming the cluster and choosing a leader of JetStream's own. */
const FORM_MS = 30_000;

export interface NatsCluster {
  /** Of every node, separated by commas. */
  readonly urls: readonly string[];
  /** SIGKILL. */
  kill(node: number): Promise<void>;
  /** With the store that it had. */
  restart(node: number): Promise<void>;
  /** SIGUSR2: lame duck mode. The node ends by itself, within about 40 s. */
  retire(node: number): void;
  isRunning(node: number): boolean;
  /** The node that leads a stream; null while none does. */
  leaderOf(stream: string): Promise<number | null>;
  dispose(): Promise<void>;
}

export async function startNatsCluster(program: string = PROGRAM): Promise<NatsCluster> {
  if (program === PROGRAM) requireProgram();
  const directory = await mkdtemp(join(tmpdir(), 'towpath-cluster-'));
  const ports = await freePorts(2 * NODES);
  const clients = ports.slice(0, NODES);
  const routes = ports.slice(NODES);
  const urls = clients.map((port) => `nats://127.0.0.1:${port}`);
  const start = async (node: number): Promise<NatsProcess> => {
    const folder = join(directory, `n${node}`);
    await mkdir(folder, { recursive: true });
    return launch({ program, folder, port: clients[node] ?? 0, extra: configOf(node, folder, routes) });
  };
  const nodes = await Promise.all(urls.map((_, node) => start(node)));
  const at = (node: number): NatsProcess => {
    const found = nodes[node];
    if (found === undefined) throw new RangeError(`there is no node ${node}`);
    return found;
  };
  const cluster: NatsCluster = {
    urls,
    kill: (node) => at(node).kill(),
    restart: async (node) => {
      await at(node).kill();
      nodes[node] = await start(node);
    },
    retire: (node) => at(node).signal('SIGUSR2'),
    isRunning: (node) => at(node).isRunning(),
    leaderOf: (stream) => leaderOf(urls, stream),
    dispose: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await formed(urls);
  } catch (cause) {
    await cluster.dispose();
    throw cause;
  }
  return cluster;
}

function requireProgram(): void {
  try {
    accessSync(PROGRAM, constants.X_OK);
  } catch {
    throw new Error('nats-server-current is not in .tools/bin: install Go and run: bash scripts/setup.sh test');
  }
}

function configOf(node: number, folder: string, routes: readonly number[]): string {
  const others = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  return `server_name: n${node}
jetstream { store_dir: "${join(folder, 'store')}", max_file_store: 1GB, max_mem_store: 64MB }
cluster { name: test, listen: "127.0.0.1:${routes[node]}", routes: [${others}], no_advertise: true }
lame_duck_grace_period: "1s"
lame_duck_duration: "30s"
`;
}

/** A question to JetStream's API; null when it is not answered. */
async function askApi(urls: readonly string[], subject: string): Promise<Record<string, unknown> | null> {
  const settings = { servers: urls, name: 'test', inboxId: 'cluster', credentialsFile: null, reads: 'leader' } as const;
  try {
    const bus = await connectOnce(settings, 2_000);
    try {
      const reply: unknown = JSON.parse((await bus.request(subject, '', 1_000)).text());
      return typeof reply === 'object' && reply !== null && !('error' in reply) ? { ...reply } : null;
    } finally {
      await bus.close();
    }
  } catch {
    return null;
  }
}

async function formed(urls: readonly string[]): Promise<void> {
  const deadline = performance.now() + FORM_MS;
  while (performance.now() < deadline) {
    // Answered by the leader alone.
    if ((await askApi(urls, '$JS.API.STREAM.NAMES')) !== null) return;
    await sleep(100);
  }
  throw new Error('the cluster chose no leader in time');
}

async function leaderOf(urls: readonly string[], stream: string): Promise<number | null> {
  const info = await askApi(urls, `$JS.API.STREAM.INFO.${stream}`);
  const cluster = info?.['cluster'];
  const leader = typeof cluster === 'object' && cluster !== null && 'leader' in cluster ? cluster.leader : null;
  return typeof leader === 'string' && /^n\d$/.test(leader) ? Number(leader.slice(1)) : null;
}
