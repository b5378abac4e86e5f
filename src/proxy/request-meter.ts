/** Counts HTTP requests by where they went and how they ended: one addition for the endpoint, five in the block of its kind. */
import { codeLabel, codeNumber, MAX_CODE_NUMBER } from './code-labels.ts';
import type { Side } from './connection-record.ts';
import type { Counters, Labels } from './counters.ts';
import { NO_GRPC_STATUS } from './grpc/grpc-status.ts';
import { GRPC, GRPC_ENDINGS, HTTP1, HTTP2, PROTOCOLS, RequestBlocks } from './request-blocks.ts';

/** Counters of requests that share side, service, route and endpoint; looked up once per request by object identity. */
export class RequestSeries {
  /** The meter no longer knows it: look it up anew. */
  isRetired = false;
  /** The same of callers who have proved who they are; null = none has called. */
  byPrincipal: Map<string, RequestSeries> | null = null;
  readonly #counters: Counters;
  readonly #labels: Labels;
  readonly #blocks: RequestBlocks;
  /** By the number of the code; 0 = not looked up yet. */
  readonly #http1 = new Int32Array(MAX_CODE_NUMBER + 1);
  #http2: Int32Array | null = null;
  /** gRPC answers with code 200, by gRPC status + 1. */
  #grpc: Int32Array | null = null;
  #isUsed = true;

  constructor(counters: Counters, labels: Labels, kind: RequestBlocks) {
    this.#counters = counters;
    this.#labels = labels;
    this.#blocks = kind;
  }

  /**
   * A request of HTTP/1.1.
   * @param code HTTP status, 0 = no answer was sent @param flag response flag or '' @param method as `methodOf`
   * @param requestBytes, responseBytes with their heads in HTTP/1.1, without in HTTP/2
   */
  count(
    code: number,
    flag: string,
    seconds: number,
    method: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    const ending = codeNumber(code);
    this.#counters.add(this.#index(HTTP1, this.#http1, ending, code, flag), 1);
    const place = this.#blocks.place(HTTP1, method, ending, code, flag, NO_GRPC_STATUS);
    this.#blocks.observe(place, seconds, requestBytes, responseBytes);
  }

  /** As `count`, for a request of HTTP/2. */
  countHttp2(
    code: number,
    flag: string,
    seconds: number,
    method: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    this.#http2 ??= new Int32Array(MAX_CODE_NUMBER + 1);
    const ending = codeNumber(code);
    this.#counters.add(this.#index(HTTP2, this.#http2, ending, code, flag), 1);
    const place = this.#blocks.place(HTTP2, method, ending, code, flag, NO_GRPC_STATUS);
    this.#blocks.observe(place, seconds, requestBytes, responseBytes);
  }

  /** As `count`. @param status gRPC status, NO_GRPC_STATUS when the answer had none */
  countGrpc(
    status: number,
    code: number,
    flag: string,
    seconds: number,
    method: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    this.#grpc ??= new Int32Array(GRPC_ENDINGS);
    const isUsual = code === 200 && flag === '';
    let index = isUsual ? this.#grpc[status + 1] : 0;
    if (index === 0) {
      const grpcStatus = status === NO_GRPC_STATUS ? '' : String(status);
      index = this.#find({ protocol: 'grpc', code: codeLabel(code), flags: flag, grpc_status: grpcStatus });
      if (isUsual) this.#grpc[status + 1] = index;
    }
    this.#counters.add(index, 1);
    const place = this.#blocks.place(GRPC, method, status + 1, code, flag, status);
    this.#blocks.observe(place, seconds, requestBytes, responseBytes);
  }

  /** Its indices may no longer be right. Returns false when none was in use since the last time. */
  forget(): boolean {
    const wasUsed = this.#isUsed;
    this.#isUsed = false;
    this.byPrincipal = null;
    this.#blocks.forget();
    this.#http1.fill(0);
    this.#http2?.fill(0);
    this.#grpc?.fill(0);
    return wasUsed;
  }

  #index(protocol: number, byCode: Int32Array, ending: number, code: number, flag: string): number {
    let index = flag === '' ? byCode[ending] : 0;
    if (index === 0) {
      index = this.#find({ protocol: PROTOCOLS[protocol], code: codeLabel(code), flags: flag });
      if (flag === '') byCode[ending] = index;
    }
    return index;
  }

  #find(labels: Labels): number {
    this.#isUsed = true;
    return this.#counters.series('towpath_requests_total', { ...this.#labels, ...labels });
  }
}

export class RequestMeter {
  readonly #counters: Counters;
  readonly #series = new Map<string, RequestSeries>();
  readonly #kinds = new Map<string, RequestBlocks>();

  constructor(counters: Counters) {
    this.#counters = counters;
    counters.onForget(() => this.#forget());
  }

  /**
   * `service` '' = not a service of the mesh; `route` '' = no route; `endpoint` and `backend` (a cluster's key) '' = none was chosen;
   * `principal` '' = nobody knows who called.
   */
  series(
    side: Side,
    service: string,
    route: string,
    endpoint: string,
    backend: string,
    principal: string,
  ): RequestSeries {
    const key = `${side}|${service}|${route}|${endpoint}|${backend}|${principal}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const labels = { side, service, route, endpoint };
    const kind = this.#blocks({ side, service, route, backend, principal });
    const series = new RequestSeries(this.#counters, labels, kind);
    this.#series.set(key, series);
    return series;
  }

  #blocks(labels: Labels): RequestBlocks {
    const key = JSON.stringify(labels);
    let found = this.#kinds.get(key);
    if (found === undefined) {
      found = new RequestBlocks(this.#counters, labels);
      this.#kinds.set(key, found);
    }
    return found;
  }

  /** What nobody has used since the last time leaves memory. */
  #forget(): void {
    this.#kinds.clear();
    for (const [key, series] of this.#series) {
      if (series.forget()) continue;
      series.isRetired = true;
      this.#series.delete(key);
    }
  }
}
