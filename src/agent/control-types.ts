/** What the agent's main thread and its link to control say to each other. */
import type { WhyReply } from '../contract/failure-record.ts';
import type { HostView } from '../contract/host-view.ts';
import type { TapRequest } from '../contract/tap-messages.ts';
import type { DirectoryView, ServiceKey, ServiceView, ViewVersion } from '../contract/views.ts';
import type { ReportedTraffic } from './metric-reporter.ts';

export interface ControlLinkSettings {
  readonly servers: readonly string[];
  readonly mesh: string;
  /** Host id, subject-safe (`hostIdOf` of contract/subjects.ts makes one from a host name). */
  readonly host: string;
  /** Towpath's version, semantic; shown by `nats micro ls`. */
  readonly version: string;
  readonly credentialsFile: string | null;
  /** PEM: the CA of the servers' certificates. */
  readonly caFile?: string | null | undefined;
  /** A NATS that is not on this host may be open. */
  readonly allowOpen?: boolean | undefined;
  /** Period of the lease renewal; a third of the lease bucket's ttl or less. */
  readonly leaseRenewMs: number;
  /** The views are compared with the store at random times between these two, whatever messages arrive. */
  readonly recheckMs: { readonly min: number; readonly max: number };
}

export const DEFAULT_LEASE_RENEW_MS = 2_500;
export const DEFAULT_RECHECK_MS = { min: 30_000, max: 60_000 } as const;

/** A program of this host that others may call. */
export interface LinkedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** IPv4 or IPv6 address in canonical text. */
  readonly address: string;
  /** Port name -> port number. */
  readonly ports: Readonly<Record<string, number>>;
  /** 1 or more. */
  readonly weight: number;
  /** `region/zone/subzone`; absent: unknown. */
  readonly locality?: string | undefined;
  /** WorkloadGroup of its namespace; absent: none. */
  readonly group?: string | undefined;
  /** SPIFFE ID for which this host holds a certificate; absent: none. */
  readonly identity?: string | undefined;
  /** The last verdict of the workload's probe; true when it has none. */
  readonly healthy: boolean;
}

export type LinkState = 'connected' | 'disconnected' | 'reconnected';

/**
 * What the link tells the agent. A view callback resolves once every data thread applied the view; only then is the
 * generation acknowledged. A callback that rejects is a NACK: the old view stays, the reason is reported to control.
 */
export interface ControlLinkEvents {
  directory(view: DirectoryView): Promise<void>;
  service(view: ServiceView): Promise<void>;
  host(view: HostView): Promise<void>;
  serviceRemoved(key: ServiceKey): Promise<void>;
  state(state: LinkState): void;
}

/** Answers to operators, as plain JSON data; a rejection becomes an error answer with its message. */
export interface ControlLinkHandlers {
  status(): Promise<unknown>;
  dump(): Promise<unknown>;
  /** Throws (UserError) when the body is no question. */
  explain(body: unknown): Promise<unknown>;
  /** What is known here of that id. */
  why(id: string): Promise<WhyReply>;
  /** Tells what passes until the lease of the request ends: JSON of TapAnswer, again and again. */
  tap(request: TapRequest, say: (answer: string) => void): Promise<void>;
  /** Resolves when new certificates are in force. Throws when they could not be had. */
  renewCertificates(): Promise<unknown>;
  /** What control is told of this host's traffic; null = nothing is known yet. */
  traffic(): ReportedTraffic | null;
  /** Throws (UserError) when the level is unknown. Answers the level now in force. */
  logLevel(level: string): Promise<string>;
}

/** Views that the agent kept from an earlier run: the link never steps back behind them. */
export interface HeldViews {
  readonly directory: DirectoryView | null;
  readonly services: readonly ServiceView[];
  /** Absent: none has come yet. */
  readonly host?: HostView | undefined;
}

export interface ControlLinkStats {
  readonly connected: boolean;
  /** Server's address while connected. */
  readonly server: string | null;
  /** Seconds since the link last knew that its views were the newest; null = never yet. */
  readonly viewAgeSeconds: number | null;
  /** The newest generation that was acknowledged; null = none yet. */
  readonly acknowledged: { readonly epoch: number; readonly gen: number } | null;
  readonly directory: ViewVersion | null;
  readonly services: readonly { readonly key: ServiceKey; readonly version: ViewVersion | null }[];
  readonly counters: {
    readonly viewsApplied: number;
    /** Views refused because they were malformed, too large or turned down by a callback. */
    readonly viewsRejected: number;
    readonly leaseRenewals: number;
    readonly leaseFailures: number;
    readonly reconnects: number;
  };
  /** The newest refusal, for `towpath agent status`. */
  readonly lastRejection: string | null;
}
