/** Child processes: long-running ones with their last words, and short ones whose output is wanted. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const LAST_WORDS = 4000;

export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  #output = '';
  #ended = false;

  /** @param onLine sees every line that it prints */
  constructor(name: string, command: readonly string[], onLine: (line: string) => void = () => undefined) {
    const [file = '', ...args] = command;
    this.name = name;
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        this.#output = `${this.#output}${line}\n`.slice(-LAST_WORDS);
        onLine(line);
      });
    }
    this.#child.stdin?.on('error', () => undefined);
    this.#child.once('exit', () => {
      this.#ended = true;
    });
    this.#child.once('error', (error) => {
      this.#ended = true;
      this.#output += error.message;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }
  get alive(): boolean {
    return !this.#ended;
  }
  /** The end of what it printed. */
  get output(): string {
    return this.#output;
  }

  /** @throws Error with its last words when it ends, or is not ready in time. */
  async until(what: string, ready: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
    const limit = performance.now() + limitMs;
    while (!this.#ended && performance.now() < limit) {
      if (await ready()) return;
      await sleep(50);
    }
    const how = this.#ended ? 'ended before' : `took more than ${limitMs / 1000} s until`;
    throw new Error(`${this.name} ${how} ${what}; its last words:\n${this.#output}`);
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(late);
  }
}

/** Standard output of a command. @throws Error with its standard error when it fails. */
export function run(command: readonly string[], limitMs = 60_000): Promise<string> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: limitMs, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const late = error.killed === true ? `no end within ${limitMs / 1000} s` : '';
      reject(new Error(`${command.slice(0, 4).join(' ')} ... failed: ${late || stderr || stdout || error.message}`));
    });
  });
}

/** True when that program is found on the PATH. */
export function isInstalled(program: string): boolean {
  return whereIs(program) !== null;
}

/** The file of a program on the PATH; null: there is none. */
export function whereIs(program: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const files = folders.map((folder) => join(folder, program));
  return files.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
