/** Specs of Istio's security kinds, with the field names of the manifests and defaults applied. */

/** UNSET inherits from the wider scope, and in the end means PERMISSIVE. */
export type MtlsMode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';

export interface PeerAuthenticationSpec {
  /** Absent: the whole namespace, or from the root namespace the whole mesh. */
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> } | undefined;
  readonly mtls?: { readonly mode: MtlsMode } | undefined;
  /** By port of the workload. */
  readonly portLevelMtls?: Readonly<Record<string, { readonly mode: MtlsMode }>> | undefined;
}
