/** What one change costs control in itself, in memory: from the change to the texts of the views it touches. */
import { DirectoryParts } from '../../src/control/directory-parts.ts';
import { MeshState } from '../../src/control/mesh-state.ts';
import {
  allocateVirtualIps,
  compileService,
  decodeResources,
  hashView,
  type Resource,
} from '../../src/resources/index.ts';
import { median } from '../report/statistics.ts';
import { routeManifest, serviceManifest, workloadsOf } from './manifests.ts';

const ENDPOINTS_EACH = 10;
const CREATED = '2026-11-28T00:00:00Z';

export interface CompileCost {
  readonly services: number;
  /** us of a median change of each kind. */
  readonly routeMicros: number;
  readonly endpointMicros: number;
  readonly serviceMicros: number;
}

export function measureCompile(services: number, rounds: number): CompileCost {
  const mesh = new Mesh(services);
  const time = (change: (round: number) => void): number => {
    for (let round = 0; round < rounds; round++) change(round); // The code is compiled first.
    const times = Array.from({ length: rounds }, (_, round) => {
      const started = performance.now();
      change(rounds + round);
      return (performance.now() - started) * 1_000;
    });
    return median(times);
  };
  return {
    services,
    routeMicros: time((round) => mesh.put(routeManifest((round * 7) % services, 1_000 + round))),
    endpointMicros: time((round) => mesh.flipHealth((round * 7) % services)),
    serviceMicros: time((round) =>
      mesh.put(serviceManifest((round * 7) % services).replace('port: 80,', `port: ${81 + (round % 1000)},`)),
    ),
  };
}

class Mesh {
  readonly #touched: { keys: readonly string[]; directory: boolean }[] = [];
  readonly #state = new MeshState(({ services, directory }) => this.#touched.push({ keys: services, directory }));
  readonly #directory = new DirectoryParts(this.#state.resources);

  constructor(services: number) {
    for (let i = 0; i < services; i++) {
      this.#store(serviceManifest(i));
      this.#store(routeManifest(i, 1_000));
    }
    for (const workload of workloadsOf(0, 1, services, services * ENDPOINTS_EACH)) {
      this.#state.putEndpoint({ host: 'host-0', ...workload });
    }
    this.#directory.rebuild(1);
    this.#directory.take();
    this.#touched.length = 0;
  }

  put(manifest: string): void {
    this.#store(manifest);
    this.#compile();
  }

  flipHealth(service: number): void {
    const [workload] = this.#state.endpoints.select('bench', { app: `service-${String(service).padStart(5, '0')}` });
    if (workload !== undefined) this.#state.putEndpoint({ ...workload, healthy: !workload.healthy });
    this.#compile();
  }

  #store(manifest: string): void {
    for (const resource of decode(manifest)) {
      const allocated = allocateVirtualIps(this.#state.resources, resource);
      if (allocated.ok)
        this.#state.putResource({ resource: allocated.value, generation: 1, creationTimestamp: CREATED }, 1);
    }
  }

  #compile(): number {
    let bytes = 0;
    for (const { keys, directory } of this.#touched.splice(0)) {
      for (const key of keys) {
        const body = compileService(this.#state.resources, this.#state.endpoints, key);
        if (body !== null) bytes += hashView(body).length + JSON.stringify(body).length;
      }
      if (directory) this.#directory.update(keys);
    }
    for (const { body } of this.#directory.take()) bytes += hashView(body).length + JSON.stringify(body).length;
    return bytes;
  }
}

function decode(manifest: string): readonly Resource[] {
  const decoded = decodeResources(manifest, 'bench');
  if (!decoded.ok) throw new Error(decoded.error.map(({ message }) => message).join('; '));
  return decoded.value;
}
