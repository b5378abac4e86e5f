/** A real standalone agent with real interception, and what can be seen of it from outside. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCpuMicros, readRssBytes } from '../../../bench/measure/process-usage.ts';
import { Program, run } from '../../../bench/place/programs.ts';
import { type Metrics, parseMetrics } from '../../network/support/metrics.ts';
import { folder } from './inside.ts';
import { renderResources, renderWorkloads, type Service } from './mesh.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'towpath');
const METRICS = 'http://127.0.0.1:15020/metrics';

export class Agent {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Resolves when it is ready and captures. */
  static async start(services: readonly Service[]): Promise<Agent> {
    const config = join(folder, 'agent.yaml');
    const resources = join(folder, 'resources.yaml');
    const settings = `host: conformance\nstateDirectory: ${folder}\nlog: { level: warn }\ndrainSeconds: 1\n`;
    writeFileSync(config, `${settings}${renderWorkloads(services)}`);
    writeFileSync(resources, renderResources(services));
    const program = new Program('towpath', [LAUNCHER, 'agent', '--config', config, '--standalone', resources]);
    const agent = new Agent(program);
    const ready = async (): Promise<boolean> => (await agent.metrics().catch(() => null))?.value('towpath_ready') === 1;
    await program.until('it was ready', ready);
    return agent;
  }

  async metrics(): Promise<Metrics> {
    return parseMetrics(await run(['curl', '-sSf', '-m', '10', METRICS], 15_000));
  }

  /** CPU of its living threads, ms. */
  cpuMs(): number {
    return readCpuMicros(this.#program.pid) / 1000;
  }

  /** What it had to wait while others had the processors: ms and how often, over all threads (fields 2 and 3 of schedstat). */
  queued(): { readonly ms: number; readonly times: number } {
    const { pid } = this.#program;
    let ms = 0;
    let times = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [, nanoseconds, slices] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      ms += Number(nanoseconds) / 1e6;
      times += Number(slices);
    }
    return { ms, times };
  }

  rssBytes(): number {
    return readRssBytes(this.#program.pid);
  }

  get alive(): boolean {
    return this.#program.alive;
  }

  /** The end of what it logged. */
  get output(): string {
    return this.#program.output;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}
