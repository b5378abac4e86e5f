import type { Bus } from '../contract/bus-types.ts';
import { decodeServiceView } from '../contract/decode.ts';
import { type Subjects, serviceOfViewKey } from '../contract/subjects.ts';

/** Identifies a workload at an address, as views and registrations both name it. */
export function servedKey(workload: string, ip: string): string {
  return `${workload} ${ip}`;
}

/**
 * The endpoints in the views that an earlier control published: who was alive, as far as anybody knew. Rejects with
 * BusError.
 */
export async function readServed(bus: Bus, subjects: Subjects): Promise<ReadonlySet<string>> {
  const served = new Set<string>();
  for (const { key, data } of await bus.bucket(subjects.bucket('view')).list()) {
    const service = serviceOfViewKey(key);
    const view = service === null ? null : decodeServiceView(data, service);
    if (view?.ok !== true) continue;
    for (const cluster of Object.values(view.value.clusters)) {
      for (const { workload, ip } of cluster.endpoints) served.add(servedKey(workload, ip));
    }
  }
  return served;
}
