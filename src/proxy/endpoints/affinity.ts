/** What an answer tells its client, so that the client's next requests come to the same endpoint. */
import type { OwnField } from '../codec/own-lines.ts';
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import type { SessionTable } from './session-table.ts';

export interface Affinity {
  /** A cookie that consistent hashing goes by, made for a client that had none. */
  readonly hashCookie: OwnField | null;
  readonly session: {
    readonly table: SessionTable;
    readonly cluster: Cluster;
    /** The endpoint that the client's token named; null: it had none that is good. */
    readonly known: Endpoint | null;
  } | null;
}

const NOTHING: readonly OwnField[] = [];

/** The fields that the answer of that endpoint gets, most often none. @param wallMs time of day */
export function affinityFields(affinity: Affinity | null, endpoint: Endpoint, wallMs: number): readonly OwnField[] {
  if (affinity === null) return NOTHING;
  const { hashCookie, session } = affinity;
  const fields = hashCookie === null ? [] : [hashCookie];
  if (session !== null && session.known !== endpoint)
    fields.push(session.table.fieldFor(session.cluster, endpoint, wallMs));
  return fields;
}
