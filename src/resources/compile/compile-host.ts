import type { HostView, WorkloadPolicyView } from '../../contract/host-view.ts';
import type { RegisteredEndpoint } from '../change.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { compileMtls, compileOtherPorts } from './compile-mtls.ts';

export type HostViewBody = Omit<HostView, 'version'>;

/** The policies for what arrives at the workloads of one host; those of which nothing is said are left out. */
export function compileHost(index: ResourceIndex, workloads: readonly RegisteredEndpoint[]): HostViewBody {
  const compiled = workloads.map(({ namespace, name, labels }): WorkloadPolicyView => {
    return { namespace, name, ...compileMtls(index, namespace, labels) };
  });
  const policies = compiled.filter(saysSomething).sort(byName);
  return { workloads: policies, ...compileOtherPorts(index, workloads) };
}

function saysSomething(view: WorkloadPolicyView): boolean {
  return Object.keys(view).length > 2;
}

function byName(a: WorkloadPolicyView, b: WorkloadPolicyView): number {
  return a.namespace === b.namespace ? compare(a.name, b.name) : compare(a.namespace, b.namespace);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
