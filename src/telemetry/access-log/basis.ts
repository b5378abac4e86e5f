/**
 * What an operator's words follow from, where they are the same for most records: few numbers of the record. Lines of one
 * service differ in little else than times, paths and ids.
 */
import type { Operator, OperatorName, TowpathWord } from '../../contract/log-format.ts';
import {
  AT_ATTEMPTS,
  AT_BITS,
  AT_CLUSTER,
  AT_ENDING,
  AT_ENDPOINT,
  AT_FLAG,
  AT_GRPC_STATUS,
  AT_KIND,
  AT_REASON,
  AT_ROUTE,
  AT_SERVICE,
  AT_STATUS,
  TEXT_DETAIL,
  TEXT_PRINCIPAL,
} from '../records/record-layout.ts';

export interface Basis {
  /** AT_ places of 32-bit numbers and words: where they are the same, so is what is written. */
  readonly places: readonly number[];
  /** TEXT_ places that must be empty for that, as they are for most records. */
  readonly empty: readonly number[];
}

/** What is always the same, as literals are. */
export const CONSTANT: Basis = { places: [], empty: [] };

/** null: it is another for nearly every record. */
export function basisOf({ name, args }: Operator): Basis | null {
  return name === 'TOWPATH' ? WORDS[args[0] as TowpathWord] : (STEADY[name] ?? null);
}

const STEADY: Readonly<Partial<Record<OperatorName, Basis>>> = {
  PROTOCOL: numbers(AT_KIND, AT_BITS),
  RESPONSE_CODE: numbers(AT_STATUS),
  RESPONSE_CODE_DETAILS: { places: [AT_KIND], empty: [TEXT_DETAIL] },
  RESPONSE_FLAGS: numbers(AT_FLAG),
  CONNECTION_TERMINATION_DETAILS: { places: [AT_KIND], empty: [TEXT_DETAIL] },
  UPSTREAM_TRANSPORT_FAILURE_REASON: { places: [AT_FLAG], empty: [TEXT_DETAIL] },
  UPSTREAM_HOST: numbers(AT_ENDPOINT),
  UPSTREAM_REMOTE_ADDRESS: numbers(AT_ENDPOINT),
  UPSTREAM_CLUSTER: numbers(AT_CLUSTER),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: numbers(AT_KIND, AT_ATTEMPTS),
  ROUTE_NAME: numbers(AT_ROUTE),
  DOWNSTREAM_PEER_URI_SAN: { places: [], empty: [TEXT_PRINCIPAL] },
  GRPC_STATUS: numbers(AT_GRPC_STATUS),
  GRPC_STATUS_NUMBER: numbers(AT_GRPC_STATUS),
  HOSTNAME: CONSTANT,
};

const WORDS: Readonly<Record<TowpathWord, Basis>> = {
  direction: numbers(AT_BITS),
  service: numbers(AT_SERVICE),
  host: CONSTANT,
  verdict: numbers(AT_REASON),
  ending: numbers(AT_ENDING),
  attempts: numbers(AT_KIND, AT_ATTEMPTS),
};

function numbers(...places: readonly number[]): Basis {
  return { places, empty: [] };
}

/** What follows from both. */
export function join(a: Basis, b: Basis): Basis {
  return { places: union(a.places, b.places), empty: union(a.empty, b.empty) };
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  return [...new Set([...a, ...b])];
}
