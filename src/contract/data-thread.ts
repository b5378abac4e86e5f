/**
 * The few messages between the agent's main thread and a data thread. They are structured-cloned over a MessagePort:
 * plain data only. Each main-to-data message carries `sequence`; the data thread answers `applied` with it once the
 * change is in force for the next request.
 */
import type { PublicJwk } from '../core/json-web-keys.ts';
import type { DecisionTrace, ExplainQuestion } from './decision-trace.ts';
import type { HostView } from './host-view.ts';
import type { IdentitySet } from './identity.ts';
import type { LimitView } from './limit-views.ts';
import type { TelemetryRules } from './telemetry-rules.ts';
import type {
  ClusterKey,
  DirectoryEntry,
  DirectoryView,
  InboundWorkloadView,
  ServiceKey,
  ServiceView,
} from './views.ts';

export type ToDataThread =
  | {
      readonly type: 'directory';
      readonly sequence: number;
      readonly services: readonly DirectoryEntry[];
      readonly egress?: DirectoryView['egress'];
    }
  /** Addresses of hosts that are endpoints (ClusterView.names); hosts that are not among them keep theirs. */
  | {
      readonly type: 'endpoint-names';
      readonly sequence: number;
      readonly addresses: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly type: 'service'; readonly sequence: number; readonly service: ServiceView }
  | { readonly type: 'service-removed'; readonly sequence: number; readonly key: ServiceKey }
  | { readonly type: 'inbound'; readonly sequence: number; readonly workloads: readonly InboundWorkloadView[] }
  /** Certificates for new handshakes; those in use live on with their connections. What cannot be used is answered with a problem. */
  | { readonly type: 'identity'; readonly sequence: number; readonly identity: IdentitySet }
  /** Policies for what arrives at the programs of `inbound`. */
  | { readonly type: 'host'; readonly sequence: number; readonly view: HostView }
  /** Public keys that an issuer of tokens publishes at that URL. */
  | {
      readonly type: 'json-web-keys';
      readonly sequence: number;
      readonly url: string;
      readonly keys: readonly PublicJwk[];
    }
  /**
   * Where the tokens of a bucket of a global rate limit lie (QuotaTable); -1: there is no room for it; null: it is forgotten. `caller`
   * is what the registry calls it.
   */
  | {
      readonly type: 'quota-slot';
      readonly sequence: number;
      readonly rule: string;
      readonly key: string;
      readonly slot: number | null;
      readonly caller: string;
      readonly limit: LimitView;
    }
  /** Tokens came, for which requests wait. */
  | { readonly type: 'quota-filled'; readonly sequence: number; readonly slots: readonly number[] }
  /** Answers `resolve`. `unknown`: there is no such name, or it has no address; `failed`: nobody could say. */
  | {
      readonly type: 'resolved';
      readonly sequence: number;
      readonly name: string;
      readonly addresses: readonly string[];
      readonly problem: '' | 'unknown' | 'failed';
    }
  /** What an active check of an endpoint (`ip:port`) of a cluster found; null: it is checked no more. */
  | {
      readonly type: 'endpoint-health';
      readonly sequence: number;
      readonly cluster: ClusterKey;
      readonly address: string;
      readonly passes: boolean | null;
    }
  /** Nothing was counted there for long: counts there no more. Main then reads, clears and frees the places for others. */
  | {
      readonly type: 'series-places';
      readonly sequence: number;
      readonly what: 'forget' | 'free';
      readonly indices: readonly number[];
    }
  /** What of requests and connections is recorded. */
  | { readonly type: 'telemetry'; readonly sequence: number; readonly rules: TelemetryRules }
  /** Stop accepting, answer `Connection: close`, finish what is in flight. */
  | { readonly type: 'drain'; readonly sequence: number }
  /** End now: reset what is left and exit. */
  | { readonly type: 'stop'; readonly sequence: number }
  | { readonly type: 'dump'; readonly sequence: number }
  /** Answered by `explained`, at once or when the view that it needs has come. */
  | { readonly type: 'explain'; readonly sequence: number; readonly question: ExplainQuestion };

export type FromDataThread =
  /** Accepting. @param requestIdPrefix what ids of requests that it makes begin with */
  | { readonly type: 'ready'; readonly requestIdPrefix: string }
  /** `problem`: why the change was refused, one sentence; what was in force before stays so. */
  | { readonly type: 'applied'; readonly sequence: number; readonly problem?: string }
  /** A program dialled this service and its view is not here yet: connections are held meanwhile (bounded). */
  | { readonly type: 'need'; readonly key: ServiceKey }
  /** A program named this host, which is no service, in explicit mode. */
  | { readonly type: 'resolve'; readonly name: string }
  /** A token names a key that is none of those published at this URL, as far as they are known. */
  | { readonly type: 'stale-keys'; readonly url: string }
  /** A caller that no tokens are known for. */
  | { readonly type: 'quota-need'; readonly rule: string; readonly caller: string; readonly key: string }
  /** Few tokens are left in a slot, or none. Said once until main answers. */
  | { readonly type: 'quota-low'; readonly slot: number }
  /** A new counter series: `index` is its place in the shared Float64Array of counters; a block (`request-block.ts`) has many. */
  | {
      readonly type: 'series';
      readonly index: number;
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    }
  | { readonly type: 'dump'; readonly sequence: number; readonly state: DataThreadDump }
  | {
      readonly type: 'explained';
      readonly sequence: number;
      readonly answer: { readonly trace: DecisionTrace } | { readonly problem: string };
    };

export interface EndpointHealthDump {
  readonly cluster: ClusterKey;
  /** `ip:port`. */
  readonly endpoint: string;
  readonly usable: boolean;
  /** ms left; absent: it is not ejected. */
  readonly ejectedMs?: number;
  /** By outlier detection, not yet forgiven when last ejected. */
  readonly timesEjected: number;
  /** What active checks found; absent: nothing yet, or there are none. */
  readonly passes?: boolean;
}

/** Live state for `towpath agent dump`. */
export interface DataThreadDump {
  readonly services: readonly { readonly key: ServiceKey; readonly epoch: number; readonly gen: number }[];
  readonly endpoints: readonly {
    readonly address: string;
    readonly active: number;
    readonly idleConnections: number;
  }[];
  /** Endpoints that are watched or warmed up (outlier detection, active checks, slow start), by cluster. */
  readonly health?: readonly EndpointHealthDump[];
  readonly connections: number;
  /** Remembered sniffing verdicts, destination -> verdict. */
  readonly verdicts: readonly { readonly destination: string; readonly verdict: string }[];
}
