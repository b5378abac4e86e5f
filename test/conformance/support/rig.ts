/** One test file's world: an agent, the servers behind it, and the proof of who answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Test } from 'tap';
import { Program } from '../../../bench/place/programs.ts';
import type { Metrics } from '../../network/support/metrics.ts';
import { type SideTraffic, trafficBetween } from '../../network/support/traffic.ts';
import { Agent } from './agent.ts';
import { isListening } from './listening.ts';
import { DIRECT, type Service, services } from './mesh.ts';

const BROKEN = 'towpath_internal_errors_total';
/** How long counters may take to say what is expected: connections are counted when they end. */
const SETTLE_MS = 20_000;

export class Rig<Name extends string> {
  readonly services: Readonly<Record<Name, Service>>;
  readonly #agent: Agent | null;
  readonly #programs: Program[] = [];

  private constructor(list: Readonly<Record<Name, Service>>, agent: Agent | null) {
    this.services = list;
    this.#agent = agent;
  }

  /**
   * @param declared name of each service and its protocol, null = sniffed
   * @param own services whose servers are programs of this host: calls pass both sides of the agent
   */
  static async start<Name extends string>(
    t: Test,
    declared: Readonly<Record<Name, string | null>>,
    own: readonly Name[] = [],
  ): Promise<Rig<Name>> {
    const list = services(declared, own);
    const rig = new Rig(list, DIRECT ? null : await Agent.start(Object.values<Service>(list)));
    t.teardown(() => rig.#close());
    return rig;
  }

  get agent(): Agent {
    if (this.#agent === null) throw new Error('there is no agent: programs dial the servers themselves');
    return this.#agent;
  }

  /** Starts the server of a service and waits until it listens. It ends with the test file at the latest. */
  async serve(service: Service, command: readonly string[]): Promise<Program> {
    const program = this.run(service.name, command);
    await program.until(`it listened on port ${service.port}`, async () => isListening(service.port));
    return program;
  }

  /** Starts a program that runs beside the test. */
  run(name: string, command: readonly string[], onLine?: (line: string) => void): Program {
    const program = new Program(name, command, onLine);
    this.#programs.push(program);
    return program;
  }

  /** Runs `body`, then waits until the agent has counted exactly `expected` on its outbound side, or 20 s; asserts it. */
  async counts(t: Test, expected: SideTraffic, body: () => Promise<void>): Promise<void> {
    await this.countsBy(t, (before, after) => trafficBetween(before, after, 'outbound'), expected, body);
  }

  /** The same for any view of the difference of two scrapes. */
  async countsBy<View>(
    t: Test,
    view: (before: Metrics, after: Metrics) => View,
    expected: View,
    body: () => Promise<void>,
  ): Promise<void> {
    if (this.#agent === null) return body();
    const before = await this.#agent.metrics();
    await body();
    const deadline = performance.now() + SETTLE_MS;
    for (;;) {
      const found = view(before, await this.#agent.metrics());
      if (isDeepStrictEqual(found, expected) || performance.now() > deadline) {
        t.same(found, expected, 'the agent counted exactly this');
        break;
      }
      await sleep(50);
    }
    const grown = (await this.#agent.metrics()).value(BROKEN) - before.value(BROKEN);
    if (grown > 0) t.fail(`${grown} broken promises inside the agent`);
  }

  /** What must hold at the end of every file: no broken promise inside the agent, and no connection that was never closed. */
  async assertSound(t: Test): Promise<void> {
    if (this.#agent === null) return void t.fail('a direct run proves nothing: unset TOWPATH_CONFORMANCE');
    t.ok(this.#agent.alive, 'the agent runs');
    const metrics = await this.#agent.metrics();
    t.equal(metrics.value(BROKEN), 0, `${metrics.describe(BROKEN)}\n${this.#agent.output}`);
    t.equal(metrics.value('towpath_series_dropped_total'), 0, 'no series is dropped');
    t.equal(metrics.value('towpath_data_thread_stalls_total'), 0, 'the data thread never stalled');
    const open = metrics.value('towpath_connections_opened_total') - metrics.value('towpath_connections_closed_total');
    t.equal(open, metrics.value('towpath_connections_open'), 'opened minus closed is what is open');
  }

  async #close(): Promise<void> {
    await this.#agent?.stop();
    await Promise.all(this.#programs.map((program) => program.stop()));
  }
}

/** `count` HTTP/2 connections, recognised by their first bytes and ended well, that carried `requests` (`<code>` or `<code> <flag>`). */
export function http2Traffic(count: number, requests: Readonly<Record<string, number>>): SideTraffic {
  return {
    opened: count,
    closed: { 'http2 closed': count },
    verdicts: { 'http2 client-bytes': count },
    requests,
  };
}
