/** Towpath as users run it: the built package, a standalone agent with its own interception rules, metrics on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { virtualAddress } from '../place/addresses.ts';
import type { Certificate } from '../place/certificate.ts';
import { buildPackage } from '../place/package.ts';
import { Program, run } from '../place/programs.ts';
import { answers } from '../place/upstream.ts';
import type { Work } from '../rows.ts';
import { parseSamples, type Sample, sumSamples } from './parse-samples.ts';
import type { Counts, Subject, Variant } from './subject.ts';
import { renderResources } from './towpath-resources.ts';

const METRICS = 'http://127.0.0.1:15020/metrics';
const READY = 'http://127.0.0.1:15020/readyz';

export class Towpath implements Subject {
  readonly name = 'towpath';
  readonly program = null;
  readonly #folder: string;
  readonly #certificate: Certificate;
  readonly #pinned: readonly string[];
  readonly #telemetry: string;
  #program: Program | null = null;
  /** bin/towpath of the package, built at the first start. */
  readonly #built: { launcher: string | null };

  /** @param pinned command that places a process on the proxy's core @param telemetry lines of the agent file */
  constructor(
    folder: string,
    certificate: Certificate,
    pinned: readonly string[],
    telemetry = '',
    built: { launcher: string | null } = { launcher: null },
  ) {
    this.#folder = folder;
    this.#certificate = certificate;
    this.#pinned = pinned;
    this.#telemetry = telemetry;
    this.#built = built;
  }

  /** The same package with a JSON access log into a file, and so many of a hundred requests traced. The two cannot run at the same time. */
  watched(logFile: string, endpoint: string, percent: number): Towpath {
    const telemetry = `accessLog: { file: ${logFile} }\ntracing: { endpoint: '${endpoint}', percent: ${percent} }\n`;
    return new Towpath(this.#folder, this.#certificate, this.#pinned, telemetry, this.#built);
  }

  async start(): Promise<void> {
    this.#built.launcher ??= await buildPackage(this.#folder);
    const config = join(this.#folder, 'agent.yaml');
    const resources = join(this.#folder, 'resources.yaml');
    const settings = `host: bench\nstateDirectory: ${this.#folder}\nlog: { level: warn }\ndrainSeconds: 0\n`;
    writeFileSync(config, `${settings}${this.#telemetry}`);
    writeFileSync(resources, renderResources(this.#certificate.authority));
    const command = [...this.#pinned, this.#built.launcher, 'agent', '--config', config, '--standalone', resources];
    this.#program = new Program('towpath', command);
    // Not dialled before it is captured: the kernel would remember that this client port is not to be redirected.
    await this.#program.until('it was ready', () => answers(READY));
    await this.#program.until('it served', () => answers(`http://${virtualAddress('towpath', 'http1').address}/`));
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  pid(): number | null {
    return this.#program?.pid ?? null;
  }

  cannot(): string | null {
    return null;
  }

  variants(work: Work): readonly Variant[] {
    return [{ label: 'agent', ...virtualAddress('towpath', work), tls: false }];
  }

  async counts(work: Work): Promise<Counts> {
    const samples = parseSamples(await run(['curl', '-sS', METRICS]));
    const broken = sumSamples(samples, 'towpath_internal_errors_total', {});
    if (broken > 0) throw new Error(`towpath counted ${broken} internal errors:\n${this.#program?.output}`);
    return countsOf(samples, work);
  }
}

const VERDICTS: Readonly<Record<Work, string>> = {
  http1: 'http1',
  tls: 'http1',
  http2: 'http2',
  grpc: 'http2',
  tcp: 'opaque',
  bulk: 'opaque',
};

export function countsOf(samples: readonly Sample[], work: Work): Counts {
  const sum = (name: string, labels: Record<string, string>): number =>
    sumSamples(samples, name, { side: 'outbound', ...labels });
  const verdict = VERDICTS[work];
  const connections = sum('towpath_verdicts_total', { verdict });
  const isOpaque = verdict === 'opaque';
  return {
    connections,
    requests: isOpaque ? null : sum('towpath_requests_total', { code: '200' }),
    strays: sum('towpath_verdicts_total', {}) - connections,
    bytes: isOpaque ? sum('towpath_connection_received_bytes_total', { verdict }) : null,
  };
}
