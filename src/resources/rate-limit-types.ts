/** `rateLimit` of a BackendTrafficPolicy, decoded. Field names are Envoy Gateway's; `window`, `caller`, `overrides` and `onOutage` are our own. */
export interface RateLimitSpec {
  /** Counted by each sidecar alone. */
  readonly local?: { readonly rules: readonly RateLimitRule[] } | undefined;
  /** Counted across all endpoints of the Service. */
  readonly global?: { readonly rules: readonly GlobalRateLimitRule[] } | undefined;
}

export interface RateLimitRule {
  /** All must hold. Empty: every request, in one bucket. */
  readonly clientSelectors: readonly ClientSelector[];
  readonly limit: RateLimitValue;
  /** The first one that names the caller takes the place of `limit`. */
  readonly overrides: readonly { readonly callers: readonly string[]; readonly limit: RateLimitValue }[];
  /** Counted and told, but nobody is refused. */
  readonly shadowMode: boolean;
}

export interface GlobalRateLimitRule extends RateLimitRule {
  /** What becomes of requests while control cannot be asked. */
  readonly onOutage: OnOutage;
}

export type OnOutage = 'allow' | 'deny' | 'share';

/** Exactly one of `unit` and `window`. */
export interface RateLimitValue {
  readonly requests: number;
  readonly unit?: 'Second' | 'Minute' | 'Hour' | 'Day' | undefined;
  readonly window?: string | undefined;
}

export interface ClientSelector {
  readonly headers?: readonly HeaderSelector[] | undefined;
  readonly path?: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string } | undefined;
  readonly methods?: readonly { readonly value: string }[] | undefined;
  readonly sourceCIDR?: { readonly type: 'Exact' | 'Distinct'; readonly value: string } | undefined;
  readonly caller?: CallerSelector | undefined;
}

/** Distinct: each value has a bucket of its own. */
export type HeaderSelector =
  | { readonly type: 'Exact' | 'RegularExpression'; readonly name: string; readonly value: string }
  | { readonly type: 'Distinct'; readonly name: string };

export interface CallerSelector {
  readonly type: 'Exact' | 'Distinct';
  /** With Exact: which callers, as in `overrides`. */
  readonly values?: readonly string[] | undefined;
  /** Names the caller where no mTLS identity does. */
  readonly header?: string | undefined;
}
