import type { ClusterKey } from '../../contract/views.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { findFrontend } from '../find-frontend.ts';
import type { Frontend } from '../frontend.ts';
import { refKey } from '../relations.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { BackendRef } from '../route-types.ts';
import type { RouteResource, ServicePort } from '../types.ts';
import { carries, declaredOtherwise } from './app-protocol.ts';

export interface Backend {
  readonly service: Frontend;
  readonly port: ServicePort;
}

/** Reasons of the condition `ResolvedRefs`, as upstream. */
export type UnresolvedReason = 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol';

export interface UnresolvedBackend {
  readonly reason: UnresolvedReason;
  readonly message: string;
}

/** The port that a backendRef means. Other namespaces need no ReferenceGrant in a mesh (GEP-1294). */
export function resolveBackend(
  index: ResourceIndex,
  route: Pick<RouteResource, 'kind' | 'metadata'>,
  ref: BackendRef,
): Result<Backend, UnresolvedBackend> {
  const key = refKey(route, ref);
  const found = findFrontend(index, ref, key);
  if (!found.ok) {
    const { reason, message } = found.error;
    return err({ reason: reason === 'NotFound' ? 'BackendNotFound' : reason, message });
  }
  const port = found.value.spec.ports.find((p) => p.port === ref.port);
  if (port === undefined) {
    return err({ reason: 'BackendNotFound', message: `the ${ref.kind} ${key} has no port ${ref.port}` });
  }
  if (!carries(route.kind, port)) {
    const message = `port ${ref.port} of the ${ref.kind} ${key} is ${declaredOtherwise(route.kind, port)}`;
    return err({ reason: 'UnsupportedProtocol', message });
  }
  return ok({ service: found.value, port });
}

export function clusterKey(service: Frontend, port: ServicePort): ClusterKey {
  return `${keyOf(service)}:${port.port}`;
}
