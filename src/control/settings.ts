/** Settings of the control service after decoding: complete, nothing optional. */

import { DEFAULT_MESH, DEFAULT_NATS_URL } from '../contract/subjects.ts';
import type { CertificateSettings } from './ca/settings.ts';
import type { ControlSecurity } from './secure/load-security.ts';

export interface ControlSettings {
  readonly servers: readonly string[];
  readonly mesh: string;
  readonly credentialsFile: string | null;
  /** PEM: the CA of the servers' certificates. */
  readonly caFile?: string | null | undefined;
  /** A NATS that is not on this host may be open. */
  readonly allowOpen?: boolean | undefined;
  /** What signs join tokens and credentials of agents; null, or absent: the mesh is open. */
  readonly security?: ControlSecurity | null | undefined;
  /** Subject-safe name of this replica; a restarted one with the same id takes its own lock back at once. */
  readonly id: string;
  /** Towpath's version. */
  readonly version: string;
  /** Address and port of metrics and health over HTTP. */
  readonly http: { readonly address: string; readonly port: number };
  /** A host that is silent for this long is gone. Set when the bucket is created. */
  readonly leaseTtlMs: number;
  /** Copies of each bucket when it is made; auto: 3 in a cluster, else 1. */
  readonly replicas: 'auto' | 1 | 3 | 5;
  /** How often everything is compared with the store, beside the messages that tell of changes. */
  readonly reconcileMs: number;
  /** `http://host:port/v1/logs`: where access logs of the stream go by OTLP; null, or absent: nowhere. */
  readonly otlpLogs?: string | null | undefined;
  /** The certificate authority; null = hosts get no certificates from this control. */
  readonly certificates: CertificateSettings | null;
}

export const DEFAULT_CONTROL_SETTINGS = {
  servers: [DEFAULT_NATS_URL],
  mesh: DEFAULT_MESH,
  credentialsFile: null,
  http: { address: '::', port: 15010 },
  leaseTtlMs: 8_000,
  replicas: 'auto',
  reconcileMs: 10_000,
  certificates: null,
} as const satisfies Omit<ControlSettings, 'id' | 'version'>;
