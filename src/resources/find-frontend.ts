import type { ServiceKey } from '../contract/views.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Frontend } from './frontend.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { ObjectRef } from './route-types.ts';

export interface FrontendProblem {
  /** InvalidKind: nothing of that kind can ever be meant. */
  readonly reason: 'InvalidKind' | 'NotFound';
  readonly message: string;
}

/** The one place where a reference becomes a Service or ServiceEntry. `key`: `<namespace>/<name>`. */
export function findFrontend(
  index: ResourceIndex,
  ref: Pick<ObjectRef, 'group' | 'kind'>,
  key: ServiceKey,
): Result<Frontend, FrontendProblem> {
  const group = GROUPS.get(ref.kind);
  if (group === undefined || group !== ref.group) {
    const kind = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`;
    const message = `backends of kind ${kind} are not supported, only Service and ServiceEntry are`;
    return err({ reason: 'InvalidKind', message });
  }
  const frontend = index.frontend(key)?.resource;
  if (frontend?.kind === ref.kind) return ok(frontend);
  return err({ reason: 'NotFound', message: `the ${ref.kind} ${key} does not exist` });
}

const GROUPS: ReadonlyMap<string, string> = new Map([
  ['Service', ''],
  ['ServiceEntry', 'networking.istio.io'],
]);
