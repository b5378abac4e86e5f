/** A real Prometheus (Debian's) on a port of its own, and promtool. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../helpers/free-ports.ts';

const START_MS = 20_000;

export interface PrometheusServer {
  /** Values of an instant query, with their labels. */
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  /** GET of its API; the `data` of the answer. */
  api(path: string): Promise<unknown>;
  dispose(): Promise<void>;
}

/** @param targets `job: host:port`; scraped every second. Throws with its own words when it does not come up. */
export async function startPrometheus(
  targets: Readonly<Record<string, string>>,
  rules: string,
): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'towpath-prometheus-'));
  const [port] = await freePorts(1);
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - { job_name: ${job}, static_configs: [{ targets: ['${target}'] }] }`,
  );
  const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${rules}']
scrape_configs:
${jobs.join('\n')}
`;
  await writeFile(join(folder, 'prometheus.yml'), config);
  const process = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const api = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as {
      status: string;
      data: unknown;
      error?: string;
    };
    if (answer.status !== 'success') throw new Error(`Prometheus: ${answer.error}`);
    return answer.data;
  };
  const dispose = async (): Promise<void> => {
    process.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  await untilReady(process, port).catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    api,
    dispose,
    query: async (expression) => {
      const { result } = (await api(`query?query=${encodeURIComponent(expression)}`)) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
  };
}

async function untilReady(process: ChildProcess, port: number): Promise<void> {
  let words = '';
  process.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4000);
  });
  let failure: Error | null = null;
  process.on('error', (error) => {
    failure = error;
  });
  for (const limit = Date.now() + START_MS; Date.now() < limit; await sleep(50)) {
    if (failure !== null || process.exitCode !== null) break;
    const isReady = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
  }
  throw new Error(`prometheus did not come up: ${failure === null ? words : String(failure)}`);
}

/** What promtool says, and its exit status. */
export function promtool(args: readonly string[], input = ''): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile('promtool', args, { timeout: 30_000 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ status, output: `${stdout}${stderr}${status < 0 ? String(error) : ''}` });
    });
    child.stdin?.end(input);
  });
}
