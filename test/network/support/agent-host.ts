/**
 * Two hosts joined by a link, for tests of one agent's life: `near` runs the agent, `far` a web server that has none. Fails
 * without root, never skips.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const NEAR = '10.9.0.1';
export const FAR = '10.9.0.2';
export const FAR_PORT = 8080;
const TOWPATH = new URL('../../../bin/towpath', import.meta.url).pathname;

/** Answers `far` at once, `/slow` after 3 s, `/v1` and `/v2` on ports 8081 and 8082. */
const SERVER = `
const { createServer } = require('node:http');
const answer = (name) => (request, response) =>
  setTimeout(() => response.end(name + '\\n'), request.url === '/slow' ? 3000 : 0);
createServer(answer('far')).listen(8080);
createServer(answer('v1')).listen(8081);
createServer(answer('v2')).listen(8082, () => console.log('listening'));
`;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { env: { ...process.env, ...env } });
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.stdout += bytes.toString();
    });
    this.child.stderr?.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString();
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** @throws Error with everything printed when `text` is not seen in time. */
  async prints(text: string, limitMs = 20_000): Promise<void> {
    for (const end = Date.now() + limitMs; Date.now() < end; await sleep(10)) {
      if (this.stdout.includes(text) || this.stderr.includes(text)) return;
      if (this.child.exitCode !== null) break;
    }
    throw new Error(`"${text}" was not printed:\n${this.stderr}\n${this.stdout}`);
  }
}

export class AgentHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'towpath-agent-'));
  readonly #names: { readonly near: string; readonly far: string };
  readonly #programs: Program[] = [];

  private constructor(names: { readonly near: string; readonly far: string }) {
    this.#names = names;
  }

  static async make(number: number): Promise<AgentHost> {
    if (process.getuid?.() !== 0) throw new Error('network tests build network namespaces and need root');
    const names = { near: `towpath-near-${process.pid}-${number}`, far: `towpath-far-${process.pid}-${number}` };
    const host = new AgentHost(names);
    shell(`ip netns add ${names.near}
      ip netns add ${names.far}
      ip -n ${names.near} link add eth0 type veth peer name eth0 netns ${names.far}
      ip -n ${names.near} link set lo up
      ip -n ${names.far} link set lo up
      ip -n ${names.near} addr add ${NEAR}/24 dev eth0
      ip -n ${names.far} addr add ${FAR}/24 dev eth0
      ip -n ${names.near} link set eth0 addrgenmode none up
      ip -n ${names.far} link set eth0 addrgenmode none up
      ip -n ${names.near} route add default via ${FAR}`);
    await host.start('far', [process.execPath, '-e', SERVER]).prints('listening');
    return host;
  }

  start(where: 'near' | 'far', command: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(['ip', 'netns', 'exec', this.#names[where], ...command], env);
    this.#programs.push(program);
    return program;
  }

  run(where: 'near' | 'far', command: readonly string[]): Promise<Ended> {
    return this.start(where, command).ended;
  }

  agent(args: readonly string[], wrapper: readonly string[] = []): Program {
    return this.start('near', [...wrapper, TOWPATH, 'agent', ...args]);
  }

  /** Writes a file into the test's folder and returns its path. */
  file(name: string, text: string | Buffer): string {
    writeFileSync(join(this.folder, name), text);
    return join(this.folder, name);
  }

  async get(url: string): Promise<string> {
    const { status, stdout } = await this.run('near', ['curl', '-sS', '-m', '8', url]);
    return status === 0 ? stdout.trim() : `curl failed with ${status}`;
  }

  /** The whole firewall of `near`, without what changes by itself. */
  async firewall(): Promise<string> {
    const script = 'iptables-save; ip6tables-save; ipset save; ip route show table all; ip rule';
    const { stdout } = await this.run('near', ['sh', '-c', script]);
    return stdout
      .replace(/^#.*$/gm, '')
      .replace(/\[\d+:\d+\]/g, '')
      .replace(/timeout \d+/g, '');
  }

  async close(): Promise<void> {
    for (const program of this.#programs) program.child.kill('SIGKILL');
    for (const name of Object.values(this.#names))
      shell(`ip netns pids ${name} | xargs -r kill -9; ip netns del ${name}`);
    await Promise.all(this.#programs.map((program) => program.ended));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function shell(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-eu'], { input: script, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
