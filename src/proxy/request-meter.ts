/** Counts HTTP requests by where they went and how they ended, with one addition and one histogram step per request. */
import type { Side } from './connection-record.ts';
import type { Counters, Histogram } from './counters.ts';
import { MAX_GRPC_STATUS, NO_GRPC_STATUS } from './grpc/grpc-status.ts';

/** What is counted as `code`: registered statuses each, others by their class, so that no peer can make up series. */
const CODE_LABELS: readonly string[] = Array.from({ length: 1000 }, (_, code) =>
  code === 0 || isRegistered(code) ? String(code) : `${Math.floor(code / 100)}xx`,
);

/** The registry of RFC 9110 16.2.1, in ranges; a few codes inside them are not assigned. */
function isRegistered(code: number): boolean {
  const registered = [
    [100, 104],
    [200, 208],
    [226, 226],
    [300, 308],
    [400, 418],
    [421, 431],
    [451, 451],
    [500, 511],
  ];
  return registered.some(([from, to]) => code >= from && code <= to);
}

/** Counters of requests that share side, service, route and endpoint; looked up once per request by object identity. */
export class RequestSeries {
  readonly #counters: Counters;
  readonly #labels: Readonly<Record<string, string>>;
  /** HTTP/1.1 and HTTP/2, by status code 0..999. */
  readonly #http1 = new Int32Array(CODE_LABELS.length);
  #http2: Int32Array | null = null;
  /** gRPC answers with code 200, by gRPC status + 1: the first place is for those that gave none. */
  readonly #grpc = new Int32Array(MAX_GRPC_STATUS + 2);
  readonly duration: Histogram;

  constructor(counters: Counters, labels: Readonly<Record<string, string>>, duration: Histogram) {
    this.#counters = counters;
    this.#labels = labels;
    this.duration = duration;
  }

  /** A request of HTTP/1.1. @param code HTTP status, 0 = no answer was sent; @param flag response flag or '' */
  count(code: number, flag: string, seconds: number): void {
    this.#count('http1', this.#http1, code, flag, seconds);
  }

  /** As `count`, for a request of HTTP/2. */
  countHttp2(code: number, flag: string, seconds: number): void {
    this.#http2 ??= new Int32Array(CODE_LABELS.length);
    this.#count('http2', this.#http2, code, flag, seconds);
  }

  /** @param status gRPC status, NO_GRPC_STATUS when the answer had none */
  countGrpc(status: number, code: number, flag: string, seconds: number): void {
    let index = code === 200 && flag === '' ? this.#grpc[status + 1] : 0;
    if (index === 0) {
      const grpcStatus = status === NO_GRPC_STATUS ? '' : String(status);
      index = this.#find({ protocol: 'grpc', code: CODE_LABELS[code], flags: flag, grpc_status: grpcStatus });
      if (code === 200 && flag === '') this.#grpc[status + 1] = index;
    }
    this.#counters.add(index, 1);
    this.duration.observe(seconds);
  }

  #count(protocol: string, byCode: Int32Array, code: number, flag: string, seconds: number): void {
    let index = flag === '' ? byCode[code] : 0;
    if (index === 0) {
      index = this.#find({ protocol, code: CODE_LABELS[code], flags: flag });
      if (flag === '') byCode[code] = index;
    }
    this.#counters.add(index, 1);
    this.duration.observe(seconds);
  }

  #find(labels: Readonly<Record<string, string>>): number {
    return this.#counters.series('towpath_requests_total', { ...this.#labels, ...labels });
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

/** What shares counters: a scope (route rule, service port, ...) of one endpoint. */
interface Counted {
  readonly scope: object;
  readonly service: string;
  readonly route: string;
  /** null: the original destination. Its address is no label, nor is any other that is no service's. */
  readonly cluster: object | null;
}

interface CountedEndpoint {
  readonly text: string;
  readonly series: WeakMap<object, RequestSeries>;
}

/** The series of requests of `counted` to `endpoint`, found by object identity after the first time. */
export function seriesOf(meter: RequestMeter, side: Side, counted: Counted, endpoint: CountedEndpoint): RequestSeries {
  const { scope, service, route, cluster } = counted;
  let series = endpoint.series.get(scope);
  if (series === undefined) {
    series = meter.series(side, service, route, cluster === null || service === '' ? '' : endpoint.text);
    endpoint.series.set(scope, series);
  }
  return series;
}
