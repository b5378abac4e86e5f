/** How a well-behaved program fares while another one attacks. */
import type { Test } from 'tap';
import { type Program, sleep } from '../../../bench/place/programs.ts';
import type { Agent } from './agent.ts';
import { nodeCommand } from './inside.ts';
import { type Service, urlOf } from './mesh.ts';
import type { Rig } from './rig.ts';

/**
 * The 99th percentile of its requests is at most this many times that of direct ones, which pay for the busy machine too, and so many
 * ms, and so many times what the agent waited for a processor on average, which is no fault of its own. The heaviest attack asks for 10,000
 * answers at once, half a second of CPU: a virtual machine whose host is busy stretches what the neighbour notices of it from 50 to 250 ms.
 */
const MOST_TIMES = 2;
const MOST_MORE_MS = 400;
const MOST_WAITS = 10;
const WARM_UP_LINES = 400;

export class Neighbour {
  readonly #agent: Agent;
  #lines: string[] = [];
  #program: Program | null = null;

  private constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** Runs until `stop`. @param service with an HTTP/2 server behind it that answers `/` with 200 */
  static async start<Name extends string>(rig: Rig<Name>, service: Service): Promise<Neighbour> {
    const neighbour = new Neighbour(rig.agent);
    const command = nodeCommand('neighbour.ts', urlOf(service), `http://127.0.0.1:${service.port}`);
    const program = rig.run('neighbour', command, (line) => neighbour.#lines.push(line));
    neighbour.#program = program;
    await program.until('it was answered', async () => neighbour.#lines.length > WARM_UP_LINES);
    return neighbour;
  }

  /** Runs `body` and asserts that no request failed meanwhile, nor took longer than the machine made it. */
  async unharmed(t: Test, body: () => Promise<void>): Promise<void> {
    this.#lines = [];
    const queued = this.#agent.queued();
    await body();
    await sleep(100);
    const lines = this.#lines;
    t.same(
      lines.filter((line) => line.startsWith('failed')),
      [],
      'no request of the neighbour failed',
    );
    const [proxied, direct] = [quantile(lines, 'proxied', 0.99), quantile(lines, 'direct', 0.99)];
    const now = this.#agent.queued();
    const wait = (now.ms - queued.ms) / Math.max(1, now.times - queued.times);
    const limit = direct * MOST_TIMES + MOST_MORE_MS + wait * MOST_WAITS;
    t.ok(
      proxied < limit,
      `99 % of its requests took less than ${proxied} ms; direct ones ${direct} ms, and the agent waited ${wait.toFixed(1)} ms for a processor`,
    );
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }
}

function quantile(lines: readonly string[], name: string, share: number): number {
  const times = lines.filter((line) => line.startsWith(`${name} `)).map((line) => Number(line.slice(name.length)));
  times.sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
}
