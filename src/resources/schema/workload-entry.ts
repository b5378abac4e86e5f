import { z } from '../../core/schema.ts';
import type { WorkloadEntrySpec } from '../types.ts';
import { defined } from './defined.ts';
import { dnsSubdomain, labels } from './fields.ts';
import { endpointAddress, locality, network, weight, workloadPorts } from './workload-fields.ts';

export const workloadEntrySpec = z
  .strictObject({
    address: endpointAddress,
    ports: workloadPorts,
    labels: labels.default({}),
    weight: weight.default(1),
    locality: locality.optional(),
    serviceAccount: dnsSubdomain.optional(),
    network,
  })
  .transform(({ network: _, ...spec }): WorkloadEntrySpec => defined(spec));
