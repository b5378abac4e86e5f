/** Bare network namespaces for the interception tests: made with names of their own, deleted with everything that runs in them. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOutcome, runCommand } from '../../../src/intercept/run-command.ts';

const ROOT = join(import.meta.dirname, '../../..');
let count = 0;

/** A program left running in a namespace, with the lines it has printed. */
export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly lines: string[];
  /** Resolves with the first line, printed already or still to come, that `matches`; fails after `limitMs`. */
  lineThat(matches: (line: string) => boolean, limitMs?: number): Promise<string>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

export class Netns {
  readonly name: string;
  readonly #running: Running[] = [];

  private constructor(name: string) {
    this.name = name;
  }

  static async create(): Promise<Netns> {
    const netns = new Netns(`tpi-${process.pid}-${count++}`);
    await must(runCommand('ip', ['netns', 'add', netns.name]));
    await netns.must('ip', 'link', 'set', 'lo', 'up');
    return netns;
  }

  run(file: string, ...args: readonly string[]): Promise<CommandOutcome> {
    return runCommand('ip', ['netns', 'exec', this.name, file, ...args]);
  }

  /** Like run, with standard input. */
  feed(input: string, file: string, ...args: readonly string[]): Promise<CommandOutcome> {
    return runCommand('ip', ['netns', 'exec', this.name, file, ...args], input);
  }

  /** Runs and returns standard output; a status other than 0 is an error. */
  must(file: string, ...args: readonly string[]): Promise<string> {
    return must(this.run(file, ...args));
  }

  towpath(...args: readonly string[]): Promise<CommandOutcome> {
    return this.run(join(ROOT, 'bin/towpath'), ...args);
  }

  /** `variables` such as TOWPATH_FAILURE=closed. */
  rescue(verb: string, ...variables: readonly string[]): Promise<CommandOutcome> {
    return this.run('env', ...variables, 'sh', join(ROOT, 'scripts/iptables.sh'), verb);
  }

  /** Everything that interception could leave behind, without time stamps and counters. */
  async traces(): Promise<string> {
    const [v4, v6, legacy4, legacy6, sets, routes4, routes6] = await Promise.all([
      this.must('iptables-nft-save'),
      this.must('ip6tables-nft-save'),
      this.must('iptables-legacy-save'),
      this.must('ip6tables-legacy-save'),
      this.must('ipset', 'save'),
      this.must('ip', '-4', 'route', 'show', 'table', 'all'),
      this.must('ip', '-6', 'route', 'show', 'table', 'all'),
    ]);
    const rules = [v4, v6, legacy4, legacy6].map(withoutComments).join('\n');
    // Link-local routes come and go by themselves.
    const routes = `${routes4}${routes6}`.split('\n').filter((line) => !line.includes('fe80'));
    // Each set has a random seed.
    return [rules, sets.replace(/ initval 0x[0-9a-f]+/g, ''), ...routes].join('\n');
  }

  start(file: string, ...args: readonly string[]): Running {
    const child = spawn('ip', ['netns', 'exec', this.name, file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const running = collect(child, [file, ...args].join(' '));
    this.#running.push(running);
    return running;
  }

  /** A program of this folder, written in TypeScript. */
  startScript(script: string, ...args: readonly string[]): Running {
    const file = join(import.meta.dirname, script);
    return this.start(
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--no-concurrent-recompilation',
      file,
      ...args,
    );
  }

  async delete(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.kill()));
    const inode = statSync(join('/run/netns', this.name)).ino;
    await runCommand('ip', ['netns', 'delete', this.name]);
    for (const what of ['interception', 'unconfirmed']) rmSync(`/run/towpath/${what}-${inode}.json`, { force: true });
  }
}

/** Joins two namespaces by a cable. Addresses such as `10.7.0.1/24`; IPv6 without waiting for duplicate detection. */
export async function join2(
  left: Netns,
  right: Netns,
  addresses: { readonly left: readonly string[]; readonly right: readonly string[] },
): Promise<void> {
  await must(
    runCommand('ip', [
      'link',
      'add',
      'eth0',
      'netns',
      left.name,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      right.name,
    ]),
  );
  for (const [netns, list] of [
    [left, addresses.left],
    [right, addresses.right],
  ] as const) {
    await netns.must('ip', 'link', 'set', 'eth0', 'up');
    for (const address of list) {
      await netns.must('ip', 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
    }
  }
}

export function withoutComments(saved: string): string {
  return saved
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
    .join('\n');
}

async function must(outcome: Promise<CommandOutcome>): Promise<string> {
  const { exitCode, stdout, stderr } = await outcome;
  if (exitCode !== 0) throw new Error(`status ${exitCode}: ${stdout}${stderr}`);
  return stdout;
}

function collect(child: ChildProcessByStdio<Writable, Readable, Readable>, what: string): Running {
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit');
  const lineThat = async (matches: (line: string) => boolean, limitMs = 10_000): Promise<string> => {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const line = lines.find(matches);
      if (line !== undefined) return line;
      if (performance.now() > deadline) throw new Error(`${what} did not print that: ${lines.join(' | ')} ${errors}`);
      await sleep(10);
    }
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await ended;
  };
  return { child, lines, lineThat, kill };
}
