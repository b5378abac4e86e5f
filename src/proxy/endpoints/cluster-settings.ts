import type { ClusterView } from '../../contract/cluster-views.ts';

/** What a view says of a cluster beside its endpoints. */
export type ClusterSettings = Omit<ClusterView, 'endpoints' | 'port'>;
