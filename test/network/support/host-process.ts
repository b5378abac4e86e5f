/** Programs that a test runs inside a lab host, with everything they print. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { commandInHost, type HostPlan } from '../../../src/lab/index.ts';

export interface Outcome {
  /** Exit status; 128 when a signal ended it (see `signal`). */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program under way. */
export class HostProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Outcome>;
  #stdout = '';
  #stderr = '';

  constructor(host: HostPlan, command: readonly string[], env: NodeJS.ProcessEnv) {
    const [file, ...args] = commandInHost(host, command, null);
    this.child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.child.stdin.on('error', () => undefined); // the program may end without reading all
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        resolve({ exitCode: code ?? 128, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** What it printed so far. */
  get stdout(): string {
    return this.#stdout;
  }
  get stderr(): string {
    return this.#stderr;
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  /** Closes its standard input. */
  end(): void {
    this.child.stdin.end();
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.child.kill(signal);
    return this.ended;
  }

  /** The outcome; the program is killed, and the outcome says so, after `limitMs`. */
  async within(limitMs: number): Promise<Outcome> {
    const timer = setTimeout(() => {
      this.#stderr += `\n(killed by the test after ${limitMs} ms)`;
      this.child.kill('SIGKILL');
    }, limitMs);
    return this.ended.finally(() => clearTimeout(timer));
  }
}
