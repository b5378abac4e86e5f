/** Counts HTTP requests by where they went and how they ended, with one addition and one histogram step per request. */
import type { Side } from './connection-record.ts';
import type { Counters, Histogram } from './counters.ts';

/** Counters of requests that share side, service, route and endpoint; looked up once per request by object identity. */
export class RequestSeries {
  readonly #counters: Counters;
  readonly #labels: Readonly<Record<string, string>>;
  /** By status code 100..599. */
  readonly #byCode = new Int32Array(600);
  readonly duration: Histogram;

  constructor(counters: Counters, labels: Readonly<Record<string, string>>, duration: Histogram) {
    this.#counters = counters;
    this.#labels = labels;
    this.duration = duration;
  }

  /** @param code HTTP status, 0 = no answer was sent; @param flag response flag or '' */
  count(code: number, flag: string, seconds: number): void {
    if (flag === '' && code < 600) {
      let index = this.#byCode[code];
      if (index === 0) {
        index = this.#counters.series('towpath_requests_total', { ...this.#labels, code: String(code), flags: '' });
        this.#byCode[code] = index;
      }
      this.#counters.add(index, 1);
    } else {
      const code_ = String(code < 600 ? code : 599);
      this.#counters.count('towpath_requests_total', { ...this.#labels, code: code_, flags: flag });
    }
    this.duration.observe(seconds);
  }
}

export class RequestMeter {
  readonly #counters: Counters;
  readonly #series = new Map<string, RequestSeries>();
  readonly #durations = new Map<string, Histogram>();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** `service` '' = not a service of the mesh; `route` '' = no route; `endpoint` '' = none was chosen. */
  series(side: Side, service: string, route: string, endpoint: string): RequestSeries {
    const key = `${side}|${service}|${route}|${endpoint}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = new RequestSeries(this.#counters, { side, service, route, endpoint }, this.#duration(side, service));
    this.#series.set(key, series);
    return series;
  }

  #duration(side: Side, service: string): Histogram {
    const key = `${side}|${service}`;
    let histogram = this.#durations.get(key);
    if (histogram === undefined) {
      histogram = this.#counters.histogram('towpath_request_duration_seconds', { side, service });
      this.#durations.set(key, histogram);
    }
    return histogram;
  }
}
