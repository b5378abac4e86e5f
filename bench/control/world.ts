/** A nats-server and a control, each a process of its own on loopback, and an operator who talks to them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '../../src/contract/bus-types.ts';
import { type Progress, progressSchema, type StatusReply, statusReplySchema } from '../../src/contract/messages.ts';
import { openBus } from '../../src/contract/open-bus.ts';
import { sleep } from '../place/programs.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
const PREFIX = 'towpath.v1.default.control';
const UP_MS = 30_000;

export interface World {
  readonly server: string;
  readonly controlPid: number;
  restartNats(): Promise<void>;
  restartControl(): Promise<void>;
  /** Resolves with the generation that holds the change. Throws with control's words when it refuses. */
  apply(text: string): Promise<{ readonly epoch: number; readonly gen: number }>;
  wait(generation: { readonly epoch: number; readonly gen: number }, timeoutMs: number): Promise<Progress>;
  status(): Promise<StatusReply>;
  close(): Promise<void>;
}

export async function openWorld(natsProgram: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-control-'));
  const port = await freePort();
  const server = `nats://127.0.0.1:${port}`;
  const file = join(folder, 'nats.conf');
  writeFileSync(
    file,
    `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${folder}", max_file_store: 4GB, max_mem_store: 64MB }\n`,
  );
  const startNats = (): ChildProcess => spawn(natsProgram, ['-c', file], { stdio: 'ignore' });
  const startControl = (): ChildProcess => {
    const words = [
      'control',
      '--server',
      server,
      '--id',
      'bench',
      '--http',
      '127.0.0.1:0',
      '--log-level',
      'error',
      '--ca',
      'off',
    ];
    const node = ['--disable-warning=ExperimentalWarning', MAIN, ...words];
    return spawn(process.execPath, node, { stdio: ['ignore', 'inherit', 'inherit'] });
  };
  let [nats, control] = [startNats(), startControl()];
  const settings = { servers: [server], name: 'bench', inboxId: 'bench', credentialsFile: null } as const;
  const bus = openBus({ ...settings, reads: 'leader' }, () => undefined);
  const status = async (): Promise<StatusReply> => statusReplySchema.parse(await ask(bus, 'mesh.status', '', 5_000));
  const world: World = {
    server,
    get controlPid() {
      return control.pid ?? 0;
    },
    restartNats: async () => {
      await end(nats, 'SIGKILL');
      nats = startNats();
    },
    restartControl: async () => {
      await end(control, 'SIGKILL');
      control = startControl();
    },
    apply: async (text) => (await ask(bus, 'resource.apply', text, 30_000)) as { epoch: number; gen: number },
    wait: async ({ epoch, gen }, timeoutMs) =>
      progressSchema.parse(await ask(bus, 'change.wait', JSON.stringify({ epoch, gen, timeoutMs }), timeoutMs + 5_000)),
    status,
    close: async () => {
      await bus.close();
      await end(control, 'SIGTERM');
      await end(nats, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void world.close().then(() => process.exit(130)));
  await until('control answers', UP_MS, () => status().then(() => true));
  return world;
}

/** @throws Error that says what did not happen in time. A condition that rejects is not there yet. */
export async function until(what: string, limitMs: number, condition: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await condition().catch(() => false))) {
    if (performance.now() - started > limitMs) throw new Error(`took more than ${limitMs / 1000} s: ${what}`);
    await sleep(50);
  }
  return performance.now() - started;
}

async function ask(bus: Bus, verb: string, body: string, timeoutMs: number): Promise<unknown> {
  const reply = await bus.request(`${PREFIX}.${verb}`, body, timeoutMs);
  const problem = reply.header('Nats-Service-Error');
  if (problem !== '') throw new Error(`control refused ${verb}: ${problem}`);
  return JSON.parse(reply.text());
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}
