import type { Labels } from './selector-index.ts';
import type { Resource } from './types.ts';

/** A workload that an agent registered under its host's lease. */
export interface RegisteredEndpoint {
  readonly host: string;
  readonly namespace: string;
  /** Unique within its host. */
  readonly name: string;
  readonly labels: Labels;
  /** IPv4 or IPv6 in canonical text. */
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  /** 1.. */
  readonly weight: number;
  /** Name of the WorkloadGroup that it registered in. */
  readonly group?: string | undefined;
  /** `region/zone/subzone`, any of which may be missing at the end. */
  readonly locality?: string | undefined;
  /** SPIFFE ID that the host says it holds for the workload. */
  readonly identity?: string | undefined;
  /** Of its WorkloadGroup. */
  readonly serviceAccount?: string | undefined;
  /** False: the local probe fails; it gets no traffic. */
  readonly healthy: boolean;
}

/** What one `put` or `delete` did: enough to find every view it touches. */
export type Change =
  | { readonly type: 'resource'; readonly before: Resource | null; readonly after: Resource | null }
  | {
      readonly type: 'endpoint';
      readonly before: RegisteredEndpoint | null;
      readonly after: RegisteredEndpoint | null;
    };
