/** Towpath as users run it: a standalone agent with its own interception rules, metrics on, protocol left to sniffing for HTTP. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, run } from '../place/programs.ts';
import { answers, BULK_PORT, HTTP_PORT, UPSTREAM_ADDRESS } from '../place/upstream.ts';
import type { Row } from '../rows.ts';
import { parseSamples, sumSamples } from './parse-samples.ts';
import type { Counts, Subject, Variant } from './subject.ts';

/** Service whose protocol is left to sniffing, and one that is declared as TCP. */
const SNIFFED_IP = '240.240.0.10';
const DECLARED_IP = '240.240.1.10';
const PORT = 80;
const METRICS = 'http://127.0.0.1:15020/metrics';
const READY = 'http://127.0.0.1:15020/readyz';
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'towpath');

export class Towpath implements Subject {
  readonly name = 'towpath';
  readonly #folder: string;
  readonly #pinned: readonly string[];
  #program: Program | null = null;

  /** @param pinned command that places a process on the proxy's core */
  constructor(folder: string, pinned: readonly string[]) {
    this.#folder = folder;
    this.#pinned = pinned;
  }

  async start(): Promise<void> {
    const config = join(this.#folder, 'agent.yaml');
    const resources = join(this.#folder, 'resources.yaml');
    writeFileSync(config, `host: bench\nstateDirectory: ${this.#folder}\nlog: { level: warn }\ndrainSeconds: 0\n`);
    writeFileSync(resources, RESOURCES);
    const command = [...this.#pinned, LAUNCHER, 'agent', '--config', config, '--standalone', resources];
    this.#program = new Program('towpath', command);
    // Not dialled before it is captured: the kernel would remember that this client port is not to be redirected.
    await this.#program.until('it was ready', () => answers(READY));
    await this.#program.until('it served', () => answers(`http://${SNIFFED_IP}:${PORT}/`));
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  pid(): number | null {
    return this.#program?.pid ?? null;
  }

  variants({ load, protocol }: Row): readonly Variant[] {
    const address = protocol === 'tcp' ? DECLARED_IP : SNIFFED_IP;
    return [{ label: 'agent', address, port: load.type === 'bulk' ? BULK_PORT : PORT }];
  }

  async counts(): Promise<Counts> {
    const samples = parseSamples(await run(['curl', '-sS', METRICS]));
    const sum = (name: string, labels: Record<string, string>): number => sumSamples(samples, name, labels);
    const broken = sum('towpath_internal_errors_total', {});
    if (broken > 0) throw new Error(`towpath counted ${broken} internal errors:\n${this.#program?.output}`);
    return {
      http1Connections: sum('towpath_verdicts_total', { side: 'outbound', verdict: 'http1', reason: 'client-bytes' }),
      requests: sum('towpath_requests_total', { side: 'outbound', code: '200' }),
      tcpConnections: sum('towpath_verdicts_total', { side: 'outbound', verdict: 'opaque', reason: 'declared' }),
      tcpBytes: sum('towpath_connection_received_bytes_total', { side: 'outbound', verdict: 'opaque' }),
    };
  }
}

const RESOURCES = `apiVersion: v1
kind: Service
metadata: { name: sniffed }
spec:
  clusterIP: ${SNIFFED_IP}
  selector: { app: web }
  ports:
    - { name: web, port: ${PORT} }
---
apiVersion: v1
kind: Service
metadata: { name: declared }
spec:
  clusterIP: ${DECLARED_IP}
  selector: { app: web }
  ports:
    - { name: web, port: ${PORT}, appProtocol: tcp }
    - { name: bulk, port: ${BULK_PORT}, appProtocol: tcp }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: web, labels: { app: web } }
spec:
  address: ${UPSTREAM_ADDRESS}
  ports: { web: ${HTTP_PORT}, bulk: ${BULK_PORT} }
`;
