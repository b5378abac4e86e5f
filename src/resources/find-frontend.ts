import type { ServiceKey } from '../contract/views.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { ObjectRef } from './route-types.ts';
import type { ServicePort, ServiceResource } from './types.ts';

/** What a route may be attached to and what may be a backend. */
export type FrontendResource = ServiceResource;

export interface FrontendProblem {
  /** InvalidKind: nothing of that kind can ever be meant. */
  readonly reason: 'InvalidKind' | 'NotFound';
  readonly message: string;
}

/** The one place where a reference becomes a Service. `key`: `<namespace>/<name>`. */
export function findFrontend(
  index: ResourceIndex,
  ref: Pick<ObjectRef, 'group' | 'kind'>,
  key: ServiceKey,
): Result<FrontendResource, FrontendProblem> {
  if (ref.group === '' && ref.kind === 'Service') {
    const service = index.service(key)?.resource;
    return service === undefined ? err(missing(ref.kind, key)) : ok(service);
  }
  if (ref.group === 'networking.istio.io' && ref.kind === 'ServiceEntry') return err(missing(ref.kind, key));
  const kind = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`;
  return err({ reason: 'InvalidKind', message: `backends of kind ${kind} are not supported, only Service is` });
}

/** The ports of a frontend in the form that a Service has them. */
export function portsOf(frontend: FrontendResource): readonly ServicePort[] {
  return frontend.spec.ports;
}

function missing(kind: string, key: ServiceKey): FrontendProblem {
  return { reason: 'NotFound', message: `the ${kind} ${key} does not exist` };
}
