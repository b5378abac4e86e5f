import { z } from '../../core/schema.ts';
import type { Metadata } from '../types.ts';
import { annotations, dnsLabel, dnsSubdomain, ignored, labels, unsupported } from './fields.ts';

/** What the API server of a cluster adds on its own, as `kubectl get -o yaml` prints it: accepted and dropped. */
const SERVER_FIELDS = {
  creationTimestamp: ignored,
  generation: ignored,
  managedFields: ignored,
  resourceVersion: ignored,
  selfLink: ignored,
  uid: ignored,
} as const;

/** Metadata of a kind whose names are such. */
export function metadataNamed(name: z.ZodType<string>) {
  return z
    .strictObject({
      name,
      namespace: dnsLabel.default('default'),
      labels: labels.default({}),
      annotations: annotations.default({}),
      ...SERVER_FIELDS,
      generateName: unsupported('generated names are not supported; write metadata.name'),
      ownerReferences: unsupported('owners are not supported: nothing is deleted on behalf of another resource'),
      finalizers: unsupported('finalizers are not supported: a delete takes effect at once'),
      deletionTimestamp: unsupported('this resource is being deleted where it was exported from'),
      deletionGracePeriodSeconds: unsupported('this resource is being deleted where it was exported from'),
    })
    .transform((m): Metadata => {
      return { name: m.name, namespace: m.namespace, labels: m.labels, annotations: m.annotations };
    });
}

/** Metadata of kinds whose name becomes part of a host name. */
export const labelNamedMetadata = metadataNamed(dnsLabel);
export const metadata = metadataNamed(dnsSubdomain);
