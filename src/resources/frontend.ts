import type { ServiceEntryPort } from './registry-types.ts';
import type { Metadata, ServiceEntryResource, ServicePort, ServiceResource } from './types.ts';

/** What programs dial and routes name as parent or backend. Services and ServiceEntries share their namespace of names. */
export type Frontend = ServiceResource | EntryFrontend;

/** A ServiceEntry with its ports as those of a Service. */
export interface EntryFrontend {
  readonly kind: 'ServiceEntry';
  readonly metadata: Metadata;
  readonly spec: { readonly ports: readonly ServicePort[] };
  readonly entry: ServiceEntryResource;
}

/** A frontend with its age, which decides between rivals. */
export interface StoredFrontend<F extends Frontend = Frontend> {
  readonly resource: F;
  readonly generation: number;
  readonly creationTimestamp: string;
}

/** The manifest that a frontend was made from. */
export function resourceOf(frontend: Frontend): ServiceResource | ServiceEntryResource {
  return frontend.kind === 'Service' ? frontend : frontend.entry;
}

/** The resource as a frontend. */
export function frontendOf(resource: ServiceResource | ServiceEntryResource): Frontend {
  if (resource.kind === 'Service') return resource;
  return {
    kind: 'ServiceEntry',
    metadata: resource.metadata,
    spec: { ports: resource.spec.ports.map(servicePort) },
    entry: resource,
  };
}

function servicePort({ number, name, protocol, targetPort }: ServiceEntryPort): ServicePort {
  return { name, port: number, targetPort, appProtocol: protocol.toLowerCase() };
}

/** Single addresses that a Service or ServiceEntry claims for itself. */
export function claimedIps(resource: ServiceResource | ServiceEntryResource): readonly string[] {
  if (resource.kind === 'Service') return resource.spec.clusterIPs;
  return resource.spec.addresses.filter((address) => !address.includes('/'));
}
