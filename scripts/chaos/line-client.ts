/** A program in a host that answers each line on its standard input with one line of JSON. */
import { createInterface } from 'node:readline';
import type { HostProcess } from '../../test/network/support/host-process.ts';
import type { TestLab } from '../../test/network/support/lab.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class LineClient {
  readonly #process: HostProcess;
  readonly #waiting: Waiting[] = [];
  #obituary: string | null = null;

  /** @param program a TypeScript file, absolute */
  constructor(lab: TestLab, host: string, program: string, args: readonly string[]) {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', program];
    this.#process = lab.spawn(host, [...node, ...args]);
    createInterface({ input: this.#process.child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line));
    });
    const name = program.split('/').at(-1);
    this.#process.ended.then(
      ({ stderr }) => this.#bury(`${name} ended: ${stderr.trim() || 'without a word'}`),
      (error: Error) => this.#bury(`${name}: ${error.message}`),
    );
  }

  async ask(command: string): Promise<unknown> {
    if (this.#obituary !== null) throw new Error(this.#obituary);
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#process.write(`${command}\n`);
    return answer;
  }

  async end(): Promise<void> {
    this.#process.end();
    await this.#process.ended;
  }

  #bury(obituary: string): void {
    this.#obituary = obituary;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(obituary));
  }
}
