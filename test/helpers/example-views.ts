/** Small views for tests. */
import type { ViewSnapshot } from '../../src/agent/views/view-store.ts';
import type { DirectoryView, ServiceView, ViewVersion } from '../../src/contract/views.ts';

export function exampleVersion(gen: number, epoch = 1): ViewVersion {
  return { epoch, gen, hash: '0123456789abcdef' };
}

export function exampleService(name: string, gen: number, epoch = 1): ServiceView {
  return {
    version: exampleVersion(gen, epoch),
    namespace: 'shop',
    name,
    virtualIps: ['240.240.0.9'],
    ports: [{ name: 'http', port: 80, protocol: 'auto', cluster: `shop/${name}:80`, http: null }],
    clusters: {
      [`shop/${name}:80`]: {
        service: `shop/${name}`,
        port: 80,
        protocol: 'auto',
        loadBalancer: 'LeastRequest',
        endpoints: [{ ip: '10.0.0.1', port: 8080, weight: 1, workload: `shop/${name}-1` }],
      },
    },
  };
}

export function exampleDirectory(gen: number, names: readonly string[] = ['orders'], epoch = 1): DirectoryView {
  const services = names.map((name) => ({ namespace: 'shop', name, virtualIps: ['240.240.0.9'], ports: [80] }));
  return { version: exampleVersion(gen, epoch), services };
}

export function exampleSnapshot(services: number): ViewSnapshot {
  const names = Array.from({ length: services }, (_, i) => `orders-${i}`);
  return { directory: exampleDirectory(7, names), services: names.map((name, i) => exampleService(name, i + 1)) };
}
