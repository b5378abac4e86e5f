/** A proxy under test, or none. */
import type { Work } from '../rows.ts';

export const PROXIES = ['towpath', 'haproxy', 'nginx', 'nghttpx', 'envoy'] as const;
export type ProxyName = (typeof PROXIES)[number];
export const SUBJECTS = [...PROXIES, 'none'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** What the subject itself has counted since its start: the proof that it did the work, and as what. null: this program does not count that. */
export interface Counts {
  /** Connections from clients that it took for what the work speaks. */
  readonly connections: number | null;
  /** Requests that it answered with 200; each HTTP/2 stream is one. */
  readonly requests: number | null;
  /** Connections that it took for anything else. */
  readonly strays: number | null;
  /** Bytes from clients of the connections that have ended. */
  readonly bytes: number | null;
}

/** The same job done in another way, such as splicing; the better one counts. */
export interface Variant {
  readonly label: string;
  readonly address: string;
  readonly port: number;
  /** The client itself speaks TLS: what a program without a proxy must do to reach a TLS upstream. */
  readonly tls: boolean;
}

export interface Subject {
  readonly name: SubjectName;
  /** Program that must be installed; null for none. */
  readonly program: string | null;
  /** @throws Error in words when it does not come up */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Process whose CPU and memory count; null = there is no proxy. */
  pid(): number | null;
  /** Why it cannot do that work, in a sentence; null when it can. Asked when it has started. */
  cannot(work: Work): string | null;
  /** Where a program dials to get the work done; several when the subject has several ways. */
  variants(work: Work): readonly Variant[];
  counts(work: Work): Promise<Counts | null>;
}
