/** Finds the counters of a request by what it was decided to be, and counts it. */
import type { ConnectionRecord, Side } from './connection-record.ts';
import { takeRequestBytes, takeResponseBytes } from './request-bytes.ts';
import type { RequestMeter, RequestSeries } from './request-meter.ts';
import { NO_METHOD } from './request-method.ts';

/** What shares counters: a scope (route rule, service port, ...) of one endpoint. */
interface Counted {
  readonly scope: object;
  readonly service: string;
  readonly route: string;
  /** null: the original destination. Its address is no label, nor is any other that is no service's. */
  readonly cluster: { readonly key: string } | null;
}

/** Of the client's connection. */
interface Caller {
  readonly side: Side;
  readonly peerPrincipal: string | null;
}

interface CountedEndpoint {
  readonly text: string;
  readonly series: WeakMap<object, RequestSeries>;
}

/** The series of requests of `counted` to `endpoint`, found by object identity after the first time. */
export function seriesOf(
  meter: RequestMeter,
  caller: Caller,
  counted: Counted,
  endpoint: CountedEndpoint,
): RequestSeries {
  const { scope } = counted;
  let series = endpoint.series.get(scope);
  if (series === undefined || series.isRetired) {
    series = findSeries(meter, caller.side, counted, endpoint, '');
    endpoint.series.set(scope, series);
  }
  return caller.peerPrincipal === null ? series : seriesOfCaller(series, meter, caller, counted, endpoint);
}

function seriesOfCaller(
  of: RequestSeries,
  meter: RequestMeter,
  { side, peerPrincipal }: Caller,
  counted: Counted,
  endpoint: CountedEndpoint,
): RequestSeries {
  const principal = peerPrincipal ?? '';
  of.byPrincipal ??= new Map();
  let series = of.byPrincipal.get(principal);
  if (series === undefined || series.isRetired) {
    series = findSeries(meter, side, counted, endpoint, principal);
    of.byPrincipal.set(principal, series);
  }
  return series;
}

function findSeries(
  meter: RequestMeter,
  side: Side,
  { service, route, cluster }: Counted,
  endpoint: CountedEndpoint,
  principal: string,
): RequestSeries {
  if (cluster === null) return meter.series(side, service, route, '', '', principal);
  return meter.series(side, service, route, service === '' ? '' : endpoint.text, cluster.key, principal);
}

/** Counts a request of HTTP/1.1 that was sent to `endpoint`, or was to be. */
export function countExchange(
  meter: RequestMeter,
  record: ConnectionRecord,
  counted: Counted,
  endpoint: CountedEndpoint,
  code: number,
  flag: string,
  seconds: number,
): void {
  countHttp1(seriesOf(meter, record, counted, endpoint), record, code, flag, seconds);
}

/** Counts the request of HTTP/1.1 that its connection's record knows the method of, with the bytes that were moved for it. */
export function countHttp1(
  series: RequestSeries,
  record: ConnectionRecord,
  code: number,
  flag: string,
  seconds: number,
): void {
  series.count(code, flag, seconds, record.method, takeRequestBytes(record), takeResponseBytes(record));
  record.method = NO_METHOD;
}
