/**
 * The harness of all network tests: a lab of its own per call, torn down whatever happens. Fails without root, never skips.
 *
 *     await withLab('lab/shop.yaml', async (lab) => {
 *       const before = await lab.metrics('shop');
 *       await lab.run('shop', ['curl', '-sf', 'http://orders.shop/']);
 *       const after = await lab.metrics('shop');
 *       t.equal(after.value('towpath_requests_total', { side: 'outbound', code: 200 }) - before.value(...), 1);
 *     });
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as labs from '../../../src/lab/index.ts';
import { readLabState } from '../../../src/lab/lab-files.ts';
import { isAlive } from '../../../src/lab/process-table.ts';
import { HostProcess, type Outcome } from './host-process.ts';
import { type Labels, type Metrics, parseMetrics } from './metrics.ts';

/** Test labs are called `t-<pid>-<number>`. */
const PREFIX = 't-';
const RUN_LIMIT_MS = 60_000;
let count = 0;
/** Programs of a lab inherit nothing; compiling our sources once is enough for all of them. */
const TOWPATH: labs.TowpathCommand = [...compileCache(process.env['NODE_COMPILE_CACHE']), ...labs.findTowpath()];

function compileCache(folder: string | undefined): string[] {
  return folder === undefined ? [] : ['env', `NODE_COMPILE_CACHE=${folder}`];
}

/** A topology as one writes it: every field with a default may be left out. */
export type TopologyInput = Readonly<Record<string, unknown>>;

export class TestLab {
  readonly name: string;
  readonly plan: labs.LabPlan;
  readonly #processes: HostProcess[] = [];

  constructor(plan: labs.LabPlan) {
    this.name = plan.name;
    this.plan = plan;
  }

  host(name: string): labs.HostPlan {
    const host = this.plan.hosts.find((h) => h.name === name);
    if (host === undefined) throw new Error(`the lab has no host ${name}`);
    return host;
  }

  /** The host's address. @throws Error when it has none of that family. */
  address(name: string, family: 'ipv4' | 'ipv6'): string {
    const address = this.host(name)[family]?.address;
    if (address === undefined) throw new Error(`${name} has no ${family} address`);
    return address;
  }

  /** Starts a program inside a host; ended with the lab at the latest. */
  spawn(hostName: string, command: readonly string[]): HostProcess {
    const host = this.host(hostName);
    const env = labs.hostEnvironment(this.plan, host, process.env, labs.BIN_FOLDER);
    const child = new HostProcess(host, command, env);
    this.#processes.push(child);
    return child;
  }

  /** Runs a program to its end (60 s at most), whatever its exit status. */
  async exec(hostName: string, command: readonly string[], input = ''): Promise<Outcome> {
    const child = this.spawn(hostName, command);
    child.child.stdin.end(input);
    return child.within(RUN_LIMIT_MS);
  }

  /** Runs a program that must succeed, and answers with its standard output. @throws Error with everything it printed. */
  async run(hostName: string, command: readonly string[], input = ''): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await this.exec(hostName, command, input);
    if (exitCode === 0 && signal === null) return stdout;
    throw new Error(`${hostName}: ${command.join(' ')}: status ${exitCode} ${signal ?? ''}\n${stderr}\n${stdout}`);
  }

  /** The same through `sh -c`. */
  async shell(hostName: string, script: string): Promise<string> {
    return this.run(hostName, ['sh', '-c', script]);
  }

  /** What the host's agent counts now. */
  async metrics(hostName: string): Promise<Metrics> {
    return parseMetrics(await this.run(hostName, ['curl', '-sf', '-m', '5', 'http://127.0.0.1:15020/metrics']));
  }

  async counter(hostName: string, name: string, labels: Labels = {}): Promise<number> {
    return (await this.metrics(hostName)).value(name, labels);
  }

  /** Applies resources, waits until every interested agent runs them, and makes the names of new services resolve. */
  async apply(yaml: string): Promise<void> {
    await labs.applyText(this.plan, TOWPATH, yaml);
    if (/^kind: Service$/m.test(yaml)) await labs.publishServiceNames(this.plan, TOWPATH);
  }

  /** Runs `towpath ...` on the control host. */
  async towpath(...args: string[]): Promise<Outcome> {
    return this.exec(this.plan.control ?? '', ['towpath', ...args]);
  }

  /** Ends a program of the topology (or `nats`, `control`, `agent`). */
  async stop(hostName: string, program: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await labs.stopProgram(this.name, hostName, program, signal);
  }

  /** Starts it again and waits until it is ready. */
  async start(hostName: string, program: string): Promise<void> {
    await labs.restartProgram(this.name, hostName, program);
  }

  /** Polls until `condition` answers something other than false, null or undefined. @throws Error naming `what` after `limitMs`. */
  async waitFor<T>(what: string, limitMs: number, condition: () => Promise<T | false | null | undefined>): Promise<T> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const answer = await condition();
      if (answer !== false && answer !== null && answer !== undefined) return answer;
      if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
      await sleep(25);
    }
  }

  /** Ends what the test itself started and left running. */
  async close(): Promise<void> {
    for (const child of this.#processes) child.child.kill('SIGKILL');
    await labs.takeDownLab(this.name);
    await Promise.allSettled(this.#processes.map((child) => child.ended));
  }
}

/** Brings a lab up from a topology (a value, or a file's name), runs `body`, and takes it down. */
export async function withLab<T>(topology: TopologyInput | string, body: (lab: TestLab) => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) throw new Error('network tests build network namespaces and need root');
  await removeAbandonedLabs();
  const name = `${PREFIX}${process.pid}-${count++}`;
  const interrupted = new AbortController();
  const stop = (): void => {
    interrupted.abort();
    void labs.takeDownLab(name).finally(() => process.exit(143));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    const options = { towpath: TOWPATH, progress: () => undefined, signal: interrupted.signal };
    const { plan } = await labs.bringUpLab(await loadTopology(topology), name, options);
    const lab = new TestLab(plan);
    try {
      return await body(lab);
    } finally {
      await lab.close();
    }
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop);
  }
}

async function loadTopology(topology: TopologyInput | string): Promise<labs.Topology> {
  if (typeof topology === 'string') return labs.readTopology(topology);
  const decoded = labs.decodeTopology(inPlainText(topology), 'the test');
  if (decoded.ok) return decoded.value;
  throw new Error(decoded.error.map((problem) => `${problem.path}: ${problem.message}`).join('\n'));
}

/**
 * Agents without mutual TLS, unless a host says `mutualTls` itself: what is sniffed and counted on the inbound side is then what the wire
 * has. Shipped labs, and the tests of mutual TLS, are as everybody's.
 */
function inPlainText(topology: TopologyInput): TopologyInput {
  const hosts = Object.entries((topology['hosts'] ?? {}) as Record<string, TopologyInput>).map(([name, host]) => {
    const agent = host['agent'] as TopologyInput | undefined;
    if (agent === undefined || 'standalone' in agent) return [name, host];
    return [name, { ...host, agent: { ...agent, config: { mutualTls: false, ...(agent['config'] as object) } } }];
  });
  return { ...topology, hosts: Object.fromEntries(hosts) };
}

/** Labs of test runs that were killed: their owner is gone. */
async function removeAbandonedLabs(): Promise<void> {
  for (const name of await labs.listLabs()) {
    if (!name.startsWith(PREFIX)) continue;
    const owner = (await readLabState(name))?.owner;
    if (owner !== undefined && !isAlive(owner)) await labs.takeDownLab(name);
  }
}
