/** A proxy under test, or none. */
import type { Row } from '../rows.ts';

export const SUBJECTS = ['towpath', 'haproxy', 'none'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** What the subject itself has counted since its start: the proof that it did the work, and as what. */
export interface Counts {
  /** Connections taken for HTTP/1.1, and requests on them. */
  readonly http1Connections: number;
  readonly requests: number;
  /** Connections relayed as bytes. */
  readonly tcpConnections: number;
  /** Bytes from clients of the connections that have ended. */
  readonly tcpBytes: number;
}

/** The same job done in another way, such as splicing; the better one counts. */
export interface Variant {
  readonly label: string;
  readonly address: string;
  readonly port: number;
}

export interface Subject {
  readonly name: SubjectName;
  /** @throws Error in words when it does not come up */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Process whose CPU and memory count; null = there is no proxy. */
  pid(): number | null;
  /** Where a program dials to get the row's work done; several when the subject has several ways. */
  variants(row: Row): readonly Variant[];
  counts(): Promise<Counts | null>;
}
