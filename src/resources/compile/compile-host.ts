import type { HostView, WorkloadPolicyView } from '../../contract/host-view.ts';
import type { RegisteredEndpoint } from '../change.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { HostAuthorization } from './compile-authorization.ts';
import { type CountHosts, compileHostLimits } from './compile-host-limits.ts';
import { compileMtls, compileOtherPorts } from './compile-mtls.ts';

export type HostViewBody = Omit<HostView, 'version'>;

/** The policies for what arrives at the workloads of one host; those of which nothing is said are left out. */
export function compileHost(
  index: ResourceIndex,
  workloads: readonly RegisteredEndpoint[],
  countHosts: CountHosts = () => 1,
): HostViewBody {
  const access = new HostAuthorization(index);
  const compiled = [...workloads].sort(byName).map((workload): WorkloadPolicyView => {
    const { namespace, name, labels } = workload;
    const limits = compileHostLimits(index, workload, countHosts);
    return {
      namespace,
      name,
      ...compileMtls(index, namespace, labels),
      ...access.of(workload),
      ...(limits.length === 0 ? {} : { limits }),
    };
  });
  const others = access.others([...new Set(workloads.map(({ namespace }) => namespace))].sort());
  return {
    workloads: compiled.filter(saysSomething),
    ...compileOtherPorts(index, workloads),
    ...access.tables(),
    ...(others.length === 0 ? {} : { others }),
  };
}

function saysSomething(view: WorkloadPolicyView): boolean {
  return Object.keys(view).length > 2;
}

function byName(a: RegisteredEndpoint, b: RegisteredEndpoint): number {
  return a.namespace === b.namespace ? compare(a.name, b.name) : compare(a.namespace, b.namespace);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
