/** What this thread knows of one endpoint of one cluster: whether it may be used, and since when. */
import type { Endpoint } from './endpoint.ts';

/** Answers or connections of one kind within the interval under way. */
export interface Tally {
  total: number;
  good: number;
}

export class EndpointHealth {
  readonly endpoint: Endpoint;
  /** Clusters of views in force that list it. */
  references = 0;
  /** ms of the reactor's clock since when it may be used; -Infinity: it was there when everything began. */
  since: number;
  /** What active checks found; null: nothing yet, or there are none. */
  passes: boolean | null = null;
  /** ms of the reactor's clock until when it is ejected; 0 = it is not. */
  ejectedUntil = 0;
  /** Makes the next ejection longer; each interval without an ejection since `calmSince` makes up for one. */
  timesEjected = 0;
  /** ms of the reactor's clock. */
  calmSince = 0;
  /** In a row. */
  serverErrors = 0;
  gatewayErrors = 0;
  localErrors = 0;
  readonly answers: Tally = { total: 0, good: 0 };
  /** With `splitLocalErrors`. */
  readonly connects: Tally = { total: 0, good: 0 };

  constructor(endpoint: Endpoint, since: number) {
    this.endpoint = endpoint;
    this.since = since;
  }

  get isEjected(): boolean {
    return this.ejectedUntil > 0;
  }

  get isUsable(): boolean {
    return this.ejectedUntil === 0 && this.passes !== false;
  }

  /** What came before counts no more. */
  forget(): void {
    this.serverErrors = 0;
    this.gatewayErrors = 0;
    this.localErrors = 0;
    this.beginInterval();
  }

  beginInterval(): void {
    this.answers.total = 0;
    this.answers.good = 0;
    this.connects.total = 0;
    this.connects.good = 0;
  }
}
