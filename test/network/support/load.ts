/** Keep-alive HTTP load from inside a host while a test changes or breaks something. */
import type { HostProcess } from './host-process.ts';
import type { TestLab } from './lab.ts';

export interface LoadReport {
  readonly requests: number;
  /** Requests not answered with 200. */
  readonly failed: number;
  /** Connections opened; as many as clients when none was ever lost. */
  readonly connections: number;
  /** Bodies of the answers. */
  readonly answers: Readonly<Record<string, number>>;
  /** The first twenty failures in words. */
  readonly problems: readonly string[];
  readonly slowestMs: number;
}

export interface LoadPlan {
  readonly url: string;
  readonly clients: number;
  /** ms that each client waits between two requests. */
  readonly pauseMs: number;
}

const PROGRAM = new URL('programs/http-load.ts', import.meta.url).pathname;

/** Load that runs until `stop`. */
class Load {
  readonly #process: HostProcess;

  constructor(lab: TestLab, host: string, plan: LoadPlan) {
    this.#process = lab.spawn(host, command(plan, 0, ''));
  }

  get began(): boolean {
    return this.#process.stderr.includes('began');
  }

  async stop(): Promise<LoadReport> {
    this.#process.end();
    const { exitCode, stdout, stderr } = await this.#process.within(30_000);
    if (exitCode !== 0) throw new Error(`the load generator failed: ${stderr}`);
    return JSON.parse(stdout) as LoadReport;
  }
}

/** Starts load and waits until every client has had its first answer. */
export async function startLoad(lab: TestLab, host: string, plan: LoadPlan): Promise<Load> {
  const load = new Load(lab, host, plan);
  await lab.waitFor('the load to begin', 10_000, async () => load.began);
  return load;
}

/** `count` requests, perhaps with a `name:value` header. */
export async function requestMany(
  lab: TestLab,
  host: string,
  plan: LoadPlan,
  count: number,
  header = '',
): Promise<LoadReport> {
  const child = lab.spawn(host, command(plan, count, header));
  const { exitCode, stdout, stderr } = await child.within(60_000);
  if (exitCode !== 0) throw new Error(`the load generator failed: ${stderr}`);
  return JSON.parse(stdout) as LoadReport;
}

function command(plan: LoadPlan, count: number, header: string): string[] {
  const { url, clients, pauseMs } = plan;
  const words = [url, String(clients), String(pauseMs), String(count), header];
  return [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, ...words];
}

/** Nothing failed, and no client ever lost its connection. */
export function assertUnharmed(
  t: { equal(found: unknown, wanted: unknown, message: string): boolean },
  report: LoadReport,
  clients: number,
): void {
  t.equal(report.failed, 0, `${report.requests} requests, none failed; ${report.problems.join('; ') || 'no problems'}`);
  t.equal(report.connections, clients, 'no connection was lost');
}
