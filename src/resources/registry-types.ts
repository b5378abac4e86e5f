/** Specs of Istio's registry kinds, with the field names of the manifests and defaults applied. */

export interface ServiceEntrySpec {
  /** In lower case; `*.example.com` stands for every name below. */
  readonly hosts: readonly string[];
  /** Addresses and CIDRs in canonical text. Virtual IPs are kept here once they are allocated. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServiceEntryPort[];
  readonly location: 'MESH_EXTERNAL' | 'MESH_INTERNAL';
  readonly resolution: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN';
  readonly endpoints: readonly ServiceEntryEndpoint[];
  readonly workloadSelector?: { readonly labels: Readonly<Record<string, string>> } | undefined;
  readonly exportTo: readonly ('*' | '.')[];
}

export interface ServiceEntryPort {
  readonly number: number;
  readonly name: string;
  /** In upper case. */
  readonly protocol: string;
  readonly targetPort: number;
}

export interface ServiceEntryEndpoint {
  /** An IP in canonical text, or (resolution DNS) a host name in lower case. */
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly locality?: string | undefined;
}

export interface SidecarSpec {
  readonly outboundTrafficPolicy?: { readonly mode: 'ALLOW_ANY' | 'REGISTRY_ONLY' } | undefined;
  readonly egress: readonly { readonly hosts: readonly string[] }[];
}

/** What agents say of the workloads that they register in the group. */
export interface WorkloadGroupSpec {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly template: {
    readonly ports: Readonly<Record<string, number>>;
    readonly labels: Readonly<Record<string, string>>;
    readonly weight: number;
    readonly locality?: string | undefined;
    readonly serviceAccount?: string | undefined;
  };
  readonly probe?: GroupProbe | undefined;
}

/** Kubernetes' readiness probe. */
export type GroupProbe = {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
} & (
  | { readonly httpGet: { readonly path: string; readonly port: number } }
  | { readonly tcpSocket: { readonly port: number } }
  | { readonly grpc: { readonly port: number; readonly service: string } }
);
