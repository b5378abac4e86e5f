/** The bench's end of a process of agents (agents.ts). */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type AgentsOrder =
  | {
      readonly type: 'start';
      readonly server: string;
      /** Number of the first agent of this process, and how many it runs, of `agents` in all. */
      readonly first: number;
      readonly count: number;
      readonly agents: number;
      readonly services: number;
      readonly endpoints: number;
      /** Whether their programs use services. */
      readonly dial: boolean;
    }
  | { readonly type: 'report'; readonly settle: boolean }
  | { readonly type: 'stop' };

export interface AgentsReport {
  /** Of the process, after garbage was collected. */
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Agents. */
  readonly connected: number;
  readonly reconnects: number;
  /** Agents that hold a view of every service they use. */
  readonly complete: number;
  /** The fewest that an agent knows. */
  readonly directoryServices: number;
  /** The oldest generation that an agent has acknowledged. */
  readonly oldest: { readonly epoch: number; readonly gen: number } | null;
}

export class AgentsProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'agents.ts'), {
      execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc', '--max-semi-space-size=2'],
    });
    this.#ready = once(this.#child, 'message');
  }

  /** Resolves once the program is loaded, so that what is measured is the agents and not the start of a process. */
  async loaded(): Promise<void> {
    await this.#ready;
  }

  start(order: Omit<Extract<AgentsOrder, { type: 'start' }>, 'type'>): void {
    this.#send({ type: 'start', ...order });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** `settle`: garbage is collected first, as an idle process does by itself. */
  async report(settle = false): Promise<AgentsReport> {
    const answered = once(this.#child, 'message');
    this.#send({ type: 'report', settle });
    const [report] = await answered;
    return report as AgentsReport;
  }

  /** In good order: every agent takes itself out of the mesh. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#send({ type: 'stop' });
    await gone;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #send(order: AgentsOrder): void {
    this.#child.send(order);
  }
}
