/** All groups, in the order of the result table. */
import type { Group } from './case-types.ts';
import { BACKEND_TLS_GROUPS } from './cases/backend-tls.ts';
import { CONNECTION_GROUPS } from './cases/connections.ts';
import { FILTER_GROUPS } from './cases/filters.ts';
import { GRPC_GROUPS } from './cases/grpc.ts';
import { MATCHING_GROUPS } from './cases/matching.ts';
import { MESH_GROUPS } from './cases/mesh.ts';
import { REDIRECT_GROUPS } from './cases/redirects.ts';
import { REFERENCE_GROUPS } from './cases/references.ts';
import { RESILIENCE_GROUPS } from './cases/resilience.ts';

export const GROUPS: readonly Group[] = [
  ...MESH_GROUPS,
  ...GRPC_GROUPS,
  ...MATCHING_GROUPS,
  ...FILTER_GROUPS,
  ...REDIRECT_GROUPS,
  ...RESILIENCE_GROUPS,
  ...REFERENCE_GROUPS,
  ...CONNECTION_GROUPS,
  ...BACKEND_TLS_GROUPS,
];
