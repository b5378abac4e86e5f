/**
 * Gateway API conformance as tables: what its mesh tests and north-south tests check, in our own manifests and words. All groups
 * run in one lab at once: each has Services of its own over the same programs.
 */

/** One test of the suite upstream. */
export interface Group {
  /** Its name there. */
  readonly name: string;
  /** Kubernetes manifests; see `text.ts` for the Services. */
  readonly manifests: string;
  readonly cases: readonly Case[];
}

export type Case = RequestCase | SplitCase | GrpcCase | ConnectionCase | ConditionCase | UpgradeCase;

interface Named {
  readonly name: string;
}

/** From which host: `client` is in the namespace of the Services, `consumer` in another one. */
export type From = 'client' | 'consumer';

export interface Request {
  /** `<service>[:<port>]` of the namespace `mesh`, or `@<host>:<port>` for a host's own address. */
  readonly to: string;
  readonly from?: From;
  readonly method?: string;
  readonly path?: string;
  /** Host; by default the name of the service. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that the server shall answer with. */
  readonly answerWith?: Readonly<Record<string, string>>;
  readonly protocol?: 'http1' | 'h2c';
}

/** An HTTP request and what must come of it. */
export interface RequestCase extends Named {
  readonly type: 'request';
  readonly request: Request;
  /** A fresh `uuid` parameter is added to the query, for what the server counts by it. */
  readonly isCounted?: boolean;
  readonly status: readonly number[];
  /** The host that answered. */
  readonly backend?: string;
  /** What the server saw. */
  readonly seen?: {
    readonly path?: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly absent?: readonly string[];
  };
  /** Of the answer: one of these values; blanks after commas do not count. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly absent?: readonly string[];
  /** The whole Location. */
  readonly location?: string;
  /** Hosts that must have seen a copy as well, with the same headers. */
  readonly mirrors?: readonly string[];
}

/** Many requests, and who answered them: each share within the tolerance (points of 1). */
export interface SplitCase extends Named {
  readonly type: 'split';
  readonly kind: 'http' | 'grpc' | 'tcp';
  readonly request: Request;
  readonly count: number;
  readonly shares: Readonly<Record<string, number>>;
  readonly tolerance: number;
  /** Shares of requests that the named hosts saw, mirrored ones, instead of those that answered. */
  readonly ofMirrors?: boolean;
}

export interface GrpcCase extends Named {
  readonly type: 'grpc';
  readonly to: string;
  readonly method: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** gRPC status. */
  readonly code: number;
  readonly backend?: string;
  readonly seen?: { readonly headers?: Readonly<Record<string, string>>; readonly absent?: readonly string[] };
}

/** A connection as a whole: who answers, or that nobody does. */
export interface ConnectionCase extends Named {
  readonly type: 'connection';
  readonly to: string;
  /** TLS with this SNI; absent: plain bytes. */
  readonly serverName?: string;
  /** null: reset or closed without a byte. */
  readonly backend: string | null;
}

/** A WebSocket handshake. */
export interface UpgradeCase extends Named {
  readonly type: 'upgrade';
  readonly to: string;
  readonly backend: string;
}

/** What control says of a resource. */
export interface ConditionCase extends Named {
  readonly type: 'condition';
  readonly kind: string;
  readonly resource: string;
  readonly condition: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
}

export function request(
  name: string,
  to: string,
  path: string,
  expected: Omit<RequestCase, 'type' | 'name' | 'request' | 'status'> & { readonly status?: readonly number[] },
  more: Omit<Request, 'to' | 'path'> = {},
): RequestCase {
  return { type: 'request', name, request: { to, path, ...more }, status: [200], ...expected };
}
