/** The agent under soak, as users run it, and what can be seen of it from outside. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, run } from '../../bench/place/programs.ts';
import { parseSamples, type Sample, sumSamples } from '../../bench/subjects/parse-samples.ts';
import { PORTS, SERVER_ADDRESSES, VIRTUAL_IP } from './plan.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'towpath');

export class Agent {
  readonly #folder: string;
  #program: Program | null = null;
  /** Lines of its log that tell of an error. */
  readonly errors: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const config = join(this.#folder, 'agent.yaml');
    writeFileSync(config, `host: soak\nstateDirectory: ${this.#folder}\nlog: { level: warn }\n`);
    this.writeResources(0);
    const command = [LAUNCHER, 'agent', '--config', config, '--standalone', this.#resources];
    this.#program = new Program('towpath', command, (line) => {
      // pino: 50 is error.
      if (/"level":([5-9]0)/.test(line)) this.errors.push(line);
    });
    await this.#program.until('it was ready', async () => (await this.metrics()).value('towpath_ready') === 1);
  }

  /** Routes differ from one version to the next, so that views change while traffic runs. */
  writeResources(version: number): void {
    writeFileSync(this.#resources, renderResources(version));
  }

  get alive(): boolean {
    return this.#program?.alive ?? false;
  }
  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  async metrics(): Promise<Metrics> {
    try {
      return new Metrics(parseSamples(await run(['curl', '-sS', 'http://127.0.0.1:15020/metrics'], 10_000)));
    } catch {
      return new Metrics([]);
    }
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  get #resources(): string {
    return join(this.#folder, 'resources.yaml');
  }
}

export class Metrics {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return sumSamples(this.#samples, name, labels);
  }

  has(name: string): boolean {
    return this.#samples.some((sample) => sample.name === name);
  }
}

function renderResources(version: number): string {
  const ports = Object.entries(PORTS).map(([name, { service }]) => {
    const declared = name === 'declared' ? ', appProtocol: tcp' : '';
    return `    - { name: ${name}, port: ${service}, targetPort: ${name}${declared} }\n`;
  });
  const entries = SERVER_ADDRESSES.map((address, i) => {
    const servers = Object.entries(PORTS).map(([name, { server }]) => `${name}: ${server}`);
    return `---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: soak-${i}, labels: { app: soak } }
spec:
  address: ${address}
  ports: { ${servers.join(', ')} }
`;
  });
  return `apiVersion: v1
kind: Service
metadata: { name: soak }
spec:
  clusterIP: ${VIRTUAL_IP}
  selector: { app: soak }
  ports:
${ports.join('')}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: soak }
spec:
  parentRefs:
    - { kind: Service, group: "", name: soak, port: ${PORTS.http.service} }
  rules:
    - filters:
        - type: RequestHeaderModifier
          requestHeaderModifier:
            set:
              - { name: x-soak-version, value: "${version}" }
      backendRefs:
        - { name: soak, port: ${PORTS.http.service} }
${entries.join('')}`;
}
