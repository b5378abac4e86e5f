/** The agent's settings after decoding: everything is present, defaults are applied, nothing is text that still needs parsing. */
import type { AppProtocol } from '../contract/views.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An inclusive range of TCP ports; one port is `from === to`. */
export interface PortSpan {
  readonly from: number;
  readonly to: number;
}
export type PortSelection = '*' | readonly PortSpan[];

export interface AgentConfig {
  readonly mesh: string;
  readonly host: string;
  /** The address that workloads of this host register when they name none; null = found from the host's interfaces. */
  readonly address: string | null;
  /** `region/zone/subzone` of this host, or its beginning; null = unknown. */
  readonly locality: string | null;
  readonly nats: NatsConfig;
  readonly stateDirectory: string;
  /** False: this host asks for no certificates, and neither speaks nor answers mutual TLS. */
  readonly mutualTls: boolean;
  readonly dataThreads: number;
  readonly log: { readonly level: LogLevel };
  readonly ports: PortsConfig;
  readonly metricsAddress: string;
  readonly metrics: MetricsConfig;
  readonly drainSeconds: number;
  readonly interception: InterceptionConfig;
  readonly dns: DnsConfig;
  readonly workloads: readonly WorkloadConfig[];
  readonly accessLog: AccessLogConfig;
  readonly tracing: TracingConfig;
  readonly limits: LimitsConfig;
}

/** Without a place to go to nothing is logged. */
export interface AccessLogConfig {
  readonly stdout: boolean;
  /** null: none. */
  readonly file: string | null;
  /** Into the stream of the mesh. */
  readonly stream: boolean;
  readonly format: 'json' | 'text';
  /** Envoy operators; null: Envoy's own format. */
  readonly text: string | null;
  /** Keys and what each says; null: as Istio has them. */
  readonly json: Readonly<Record<string, string>> | null;
  /** Of requests that go well; errors are always logged. */
  readonly percent: number;
  /** Requests that took at least so long are always logged; null: it does not matter. */
  readonly slowMs: number | null;
  readonly directions: readonly ('outbound' | 'inbound')[];
}

export interface TracingConfig {
  /** Where spans go by OTLP over HTTP; null: traces pass untouched. */
  readonly endpoint: string | null;
  /** Of requests that come without a decision. */
  readonly percent: number;
}

export interface NatsConfig {
  readonly servers: readonly string[];
  /** Path of a `.creds` file; its content is never logged. */
  readonly credentialsFile: string | null;
  /** PEM: the CA of the servers' certificates. */
  readonly caFile: string | null;
  /** Servers that are not on this host may ask for no credentials, or be without TLS. */
  readonly allowOpen: boolean;
}

export interface MetricsConfig {
  /** The metrics of Istio's sidecars as well, with their names and labels. */
  readonly istio: boolean;
  /** A series of a service, route or endpoint that has not changed for so long is left out until it does. */
  readonly idleSeconds: number;
}

export interface PortsConfig {
  readonly outbound: number;
  readonly inbound: number;
  /** Where programs use us as their HTTP proxy, on loopback only; null = switched off. */
  readonly explicit: number | null;
  /** On 127.0.0.1 only. */
  readonly admin: number;
  readonly metrics: number;
  /** The first of the ports to which programs of workloads with an account of their own are redirected; see program-listeners.ts. */
  readonly programs: number;
}

export interface InterceptionConfig {
  readonly enabled: boolean;
  /** What the kernel does with new connections when the agent is gone: pass them on, or refuse them. */
  readonly failure: 'open' | 'closed';
  readonly gid: number;
  readonly ipv6: 'auto' | 'on' | 'off';
  readonly virtualIpRanges: readonly string[];
  readonly outbound: OutboundInterception;
  readonly inbound: InboundInterception;
}

export interface DnsConfig {
  /** Queries of local programs are redirected to us, where names of services mean their virtual IPs. Part of interception. */
  readonly capture: boolean;
  /** UDP and TCP, on loopback only. */
  readonly port: number;
}

export interface OutboundInterception {
  readonly includePorts: PortSelection;
  readonly excludePorts: readonly PortSpan[];
  readonly includeCidrs: readonly string[];
  readonly excludeCidrs: readonly string[];
  readonly includeUids: readonly number[];
  readonly excludeUids: readonly number[];
  readonly includeGids: readonly number[];
  readonly excludeGids: readonly number[];
}

export interface InboundInterception {
  readonly includePorts: PortSelection;
  readonly excludePorts: readonly PortSpan[];
  /** Source addresses. */
  readonly includeCidrs: readonly string[];
  readonly excludeCidrs: readonly string[];
  readonly includeInterfaces: readonly string[];
  readonly excludeInterfaces: readonly string[];
}

export interface WorkloadConfig {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string | null;
  readonly ports: readonly WorkloadPort[];
  readonly weight: number;
  /** null: that of the host. */
  readonly locality: string | null;
  /** Name of the WorkloadGroup, in the workload's namespace, that adds what is not said here. */
  readonly group: string | null;
  readonly probe: ProbeConfig | null;
  /** Its identity is `spiffe://<trust-domain>/ns/<namespace>/sa/<serviceAccount>`. */
  readonly serviceAccount: string;
  /** Which programs of the host are the workload when they call others; all empty: those that no other workload names. */
  readonly programs: ProgramSelection;
}

export interface ProgramSelection {
  readonly uids: readonly number[];
  /** Primary groups. */
  readonly gids: readonly number[];
}

export interface WorkloadPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: AppProtocol;
}

export interface ProbeConfig {
  readonly check:
    | { readonly type: 'tcp'; readonly port: number }
    | { readonly type: 'http'; readonly port: number; readonly path: string }
    /** grpc.health.v1; `service` empty: the server as a whole. */
    | { readonly type: 'grpc'; readonly port: number; readonly service: string }
    /** Passes with exit status 0. Without a shell. */
    | { readonly type: 'exec'; readonly command: readonly [string, ...string[]] };
  /** Before the first probe. */
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export interface LimitsConfig {
  /** Connections a data thread holds at once; more wait in the kernel's queue. */
  readonly maxConnections: number;
  /** Largest HTTP/1 request or response head in bytes. */
  readonly headBytes: number;
  /** Longest HTTP/1 request line in bytes. */
  readonly requestLineBytes: number;
  /** Most fields of one HTTP/1 head. */
  readonly headerFields: number;
  /** Longest line before a chunk, with its extensions, in bytes. */
  readonly chunkLineBytes: number;
  /** From the first byte of a request head to its last. */
  readonly headSeconds: number;
  /** How long a client may leave its connection unused between requests. */
  readonly clientIdleSeconds: number;
  /** How long an unused connection to an endpoint is kept; 0 = not at all. */
  readonly upstreamIdleSeconds: number;
  /** How long a client may send nothing of a body it has begun, or take nothing of an answer. */
  readonly stallSeconds: number;
  /** What a client must send of a body on average; 0 = anything. */
  readonly bodyBytesPerSecond: number;
}
