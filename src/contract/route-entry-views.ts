/** What a request must be for a rule of a route, or of a rate limit. */

/** One entry of `matches[]` of one rule; all of it must match. */
export interface RouteEntryView {
  readonly path: {
    /** RegularExpression: the whole path, in the syntax of RE2 (linear time). */
    readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
    readonly value: string;
  } | null;
  readonly method: string | null;
  /** Names in lower case. */
  readonly headers: readonly ValueMatchView[];
  readonly query: readonly ValueMatchView[];
  /** HTTPRouteFilter `matches[].cookies[]` (Envoy Gateway). */
  readonly cookies?: readonly ValueMatchView[] | undefined;
  /** Index into `actions`. */
  readonly action: number;
}

export interface ValueMatchView extends NameValue {
  /** Absent: Exact. RegularExpression: the whole value. */
  readonly type?: 'RegularExpression' | undefined;
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}
