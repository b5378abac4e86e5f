/** What one probe came to. */
export interface ProbeOutcome {
  readonly passed: boolean;
  /** What was seen, in a few words: `answered 503`, `connect ECONNREFUSED 10.0.0.1:80`. */
  readonly detail: string;
}
