/** A real nats-server on a port of its own, for one test file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 20_000;

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Ends the process at once (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same store, or an empty one. */
  restart(store: 'kept' | 'wiped'): Promise<void>;
  /** Kills it and removes its files. */
  dispose(): Promise<void>;
}

/** Starts a server with JetStream and no authentication. Throws with the server's own words when it does not come up. */
export async function startNatsServer(): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'towpath-nats-'));
  const store = join(folder, 'store');
  const extra = `jetstream { store_dir: "${store}", max_file_store: 1GB, max_mem_store: 64MB }\n`;
  let running = await launch({ program: 'nats-server', folder, port: -1, extra });
  const { port } = running;
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill: () => running.kill(),
    restart: async (how) => {
      await running.kill();
      if (how === 'wiped') await rm(store, { recursive: true, force: true });
      running = await launch({ program: 'nats-server', folder, port, extra });
    },
    dispose: async () => {
      await running.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface NatsProcess {
  readonly port: number;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  isRunning(): boolean;
}

interface Launch {
  readonly program: string;
  readonly folder: string;
  /** -1: the server chooses. */
  readonly port: number;
  /** More lines of its configuration. */
  readonly extra: string;
}

/** Starts one process and waits until it greets clients. Throws with its own words when it does not. */
export async function launch({ program, folder, port, extra }: Launch): Promise<NatsProcess> {
  const file = join(folder, 'nats.conf');
  await writeFile(file, `host: 127.0.0.1\nport: ${port}\nports_file_dir: "${folder}"\n${extra}`);
  return launchWith(program, file, folder, port);
}

/** The same with a configuration of its own. */
export async function launchWith(program: string, file: string, folder: string, port: number): Promise<NatsProcess> {
  const child = spawn(program, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  // A test that throws outside of its subtests never reaches its teardown.
  process.once('exit', () => child.kill('SIGKILL'));
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-4096);
  });
  let failed: string | null = null;
  child.once('error', (error) => {
    failed = error.message;
  });
  child.once('exit', () => {
    failed ??= 'it ended';
  });
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && failed === null) {
    const found = port > 0 ? port : await readPort(join(folder, `nats-server_${child.pid}.ports`));
    if (found !== null && (await answers(found))) return processOf(child, found);
    await sleep(10);
  }
  child.kill('SIGKILL');
  throw new Error(`${program} did not start (${failed ?? 'too slow'}): ${words}`);
}

function processOf(child: ChildProcess, port: number): NatsProcess {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    port,
    isRunning,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      if (!isRunning()) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function readPort(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const match = /nats:\/\/127\.0\.0\.1:(\d+)/.exec(text);
  return match === null ? null : Number(match[1]);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
  });
}
