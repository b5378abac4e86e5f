/**
 * What of requests and connections is recorded on one host: as the agent's main thread hands it to the data threads. What
 * becomes of the records (formats, sinks, spans) main alone knows.
 */

export interface TelemetryRules {
  /** Of these rules; every record says which rules it was made by. */
  readonly number: number;
  /** Names in lower case of the request fields, and of the answer fields, that are recorded. */
  readonly requestFields: readonly string[];
  readonly answerFields: readonly string[];
  readonly outbound: SideRules;
  /** By workload `<namespace>/<name>`; '' is for those that are not here. */
  readonly inbound: Readonly<Record<string, SideRules>>;
  /** null, or absent: nobody watches. */
  readonly tap?: TapRules | null;
}

/** What somebody watches live (`towpath tap`): recorded besides, whatever is logged. */
export interface TapRules {
  readonly outbound: boolean;
  readonly inbound: boolean;
  /** Services, and inbound workloads; null: all, and what is no service. */
  readonly services: readonly string[] | null;
}

export interface SideRules {
  /** null: nothing is logged. */
  readonly log: {
    readonly index: number;
    /** Of requests without an error, 0 to 100. Errors are always logged. */
    readonly percent: number;
    /** Requests that took at least so long are always logged; Infinity: it does not matter. */
    readonly slowMs: number;
  } | null;
  /** null: trace headers pass as they come. */
  readonly trace: {
    readonly index: number;
    /** Of requests that come without a decision, 0 to 100. */
    readonly percent: number;
    /** False: decisions are made and passed on, but no span is made of them. */
    readonly reports: boolean;
  } | null;
}

export const NO_RULES: TelemetryRules = {
  number: 0,
  requestFields: [],
  answerFields: [],
  outbound: { log: null, trace: null },
  inbound: {},
};
