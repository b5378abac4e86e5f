/** The servers and clients of a soak: started, killed at random and started again; what they report is kept. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Excuse } from './judge.ts';
import { between, type Failure, pause, type Report, SERVER_ADDRESSES } from './plan.ts';

const CLIENTS = 3;
const LANES = 6;
/** After a killed server is back, the proxy may still meet connections that died with it. */
const AFTERMATH_MS = 1500;
const FINISH_MS = 45_000;

interface Member {
  readonly type: 'server' | 'client';
  readonly start: () => ChildProcess;
  child: ChildProcess;
}

export class Crowd {
  readonly done = new Map<string, number>();
  readonly failures: Failure[] = [];
  readonly wrong: string[] = [];
  readonly excuses: Excuse[] = [];
  bytes = 0;
  kills = { server: 0, client: 0 };
  readonly #members: Member[] = [];
  /** Processes whose end is no surprise. */
  readonly #expected = new WeakSet<ChildProcess>();
  #processes = 0;

  async start(): Promise<void> {
    for (const address of SERVER_ADDRESSES) await this.#add('server', () => this.#fork('server.ts', [address]));
    for (let i = 0; i < CLIENTS; i++) await this.#add('client', () => this.#forkClient());
  }

  /** SIGKILL for one of them, and another in its place. */
  async killOne(): Promise<void> {
    const member = this.#members[between(0, this.#members.length - 1)];
    if (member === undefined) return;
    this.kills[member.type] += 1;
    const from = Date.now();
    this.#end(member.child);
    await pause(between(0, 500));
    member.child = member.start();
    await ready(member.child);
    this.excuses.push({ killed: member.type, from, to: Date.now() + AFTERMATH_MS });
  }

  /** Lets every client end its scenario. @throws Error when one does not */
  async finishClients(): Promise<void> {
    const clients = this.#members.filter(({ type }) => type === 'client').map(({ child }) => child);
    const ends = clients.map(async (child) => {
      this.#expected.add(child);
      if (child.connected) child.send('finish');
      await Promise.race([ended(child), pause(FINISH_MS)]);
      if (child.exitCode === null) throw new Error('a client did not finish its scenario within 45 s');
    });
    await Promise.all(ends);
  }

  killAll(): void {
    for (const { child } of this.#members) this.#end(child);
  }

  async #add(type: Member['type'], start: () => ChildProcess): Promise<void> {
    const member: Member = { type, start, child: start() };
    this.#members.push(member);
    await ready(member.child);
  }

  #end(child: ChildProcess): void {
    this.#expected.add(child);
    child.kill('SIGKILL');
  }

  #forkClient(): ChildProcess {
    this.#processes += 1;
    return this.#fork('client.ts', [String(this.#processes), String(LANES)]);
  }

  #fork(script: string, args: readonly string[]): ChildProcess {
    const child = fork(join(import.meta.dirname, script), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message: Report) => this.#take(message));
    child.on('exit', (code) => {
      if (!this.#expected.has(child)) this.wrong.push(`${script} ended by itself with status ${code}`);
    });
    return child;
  }

  #take(message: Report): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'done':
        this.bytes += message.bytes;
        this.done.set(message.scenario, (this.done.get(message.scenario) ?? 0) + message.count);
        return;
      case 'failed':
        this.failures.push(message.failure);
        return;
      case 'wrong':
        this.wrong.push(message.sentence);
        return;
    }
  }
}

/** @throws Error when it ends before it is ready */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code, signal) => reject(new Error(`a process of the soak ended at once (${signal ?? code})`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}
