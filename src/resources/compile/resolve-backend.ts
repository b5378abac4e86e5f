import { type ClusterKey, serviceKey } from '../../contract/views.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { HTTPBackendRef, HTTPRouteResource, ServicePort, ServiceResource } from '../types.ts';
import { carriesHttp } from './app-protocol.ts';

export interface Backend {
  readonly service: ServiceResource;
  readonly port: ServicePort;
}

/** Reasons of the condition `ResolvedRefs`, as upstream. */
export type UnresolvedReason = 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol';

export interface UnresolvedBackend {
  readonly reason: UnresolvedReason;
  readonly message: string;
}

/** The Service port that a backendRef means. Other namespaces need no ReferenceGrant in a mesh (GEP-1294). */
export function resolveBackend(
  index: ResourceIndex,
  route: HTTPRouteResource,
  ref: HTTPBackendRef,
): Result<Backend, UnresolvedBackend> {
  if (ref.group !== '' || ref.kind !== 'Service') {
    const kind = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`;
    return err({ reason: 'InvalidKind', message: `backends of kind ${kind} are not supported, only Service is` });
  }
  const key = serviceKey(ref.namespace ?? route.metadata.namespace, ref.name);
  const service = index.service(key)?.resource;
  if (service === undefined) return err({ reason: 'BackendNotFound', message: `the Service ${key} does not exist` });
  const port = service.spec.ports.find((p) => p.port === ref.port);
  if (port === undefined) {
    return err({ reason: 'BackendNotFound', message: `the Service ${key} has no port ${ref.port}` });
  }
  if (!carriesHttp(port)) {
    const message = `port ${ref.port} of the Service ${key} is declared ${port.appProtocol}, which is not HTTP`;
    return err({ reason: 'UnsupportedProtocol', message });
  }
  return ok({ service, port });
}

export function clusterKey(service: ServiceResource, port: ServicePort): ClusterKey {
  return `${service.metadata.namespace}/${service.metadata.name}:${port.port}`;
}
