/** Whose selector it is, as the index of selectors keeps it. Pure. */
import type { ServiceKey } from '../contract/views.ts';
import { keyOf } from './relations.ts';
import type { Labels } from './selector-index.ts';
import type { Resource } from './types.ts';

/** Empty for everything that selects nothing. */
export function selectorOf(resource: Resource): Labels {
  if (resource.kind === 'Service') return resource.spec.selector;
  return resource.kind === 'ServiceEntry' ? (resource.spec.workloadSelector?.labels ?? {}) : {};
}

/** A Service and a ServiceEntry of the same name may both select. */
export function selectorOwner(resource: Resource): string {
  return `${resource.kind} ${keyOf(resource)}`;
}

/** `<namespace>/<name>` of an owner. */
export function keyOfOwner(owner: string): ServiceKey {
  return owner.slice(owner.indexOf(' ') + 1);
}
