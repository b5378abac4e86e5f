/** Which records a tap wants. Pure; what costs least is looked at first. */
import type { TapFilter } from '../../contract/tap-messages.ts';
import {
  AT_DURATION,
  AT_FLAG,
  AT_ROUTE,
  AT_SERVICE,
  AT_STATUS,
  BIT_INBOUND,
  TEXT_CLIENT,
  TEXT_METHOD,
  TEXT_PRINCIPAL,
  TEXT_TARGET,
} from '../../telemetry/records/record-layout.ts';
import type { RecordView } from '../../telemetry/records/record-view.ts';

export type MatchRecord = (view: RecordView) => boolean;

/** @param here who calls from this host */
export function tapMatcher(filter: TapFilter, here: string): MatchRecord {
  const checks = [...numberChecks(filter), ...textChecks(filter, here)];
  return (view) => checks.every((check) => check(view));
}

function numberChecks({ side, status, minMs }: TapFilter): MatchRecord[] {
  const checks: MatchRecord[] = [];
  if (side !== undefined) checks.push((view) => view.has(BIT_INBOUND) === (side === 'inbound'));
  if (status !== undefined) {
    const ranges = status.map(rangeOf);
    checks.push((view) => {
      const code = view.int(AT_STATUS);
      return ranges.some(([first, last]) => code >= first && code <= last);
    });
  }
  if (minMs !== undefined) checks.push((view) => view.double(AT_DURATION) >= minMs);
  return checks;
}

function textChecks({ service, flag, route, method, pathPrefix, caller }: TapFilter, here: string): MatchRecord[] {
  const checks: MatchRecord[] = [];
  if (service !== undefined) checks.push((view) => view.word(AT_SERVICE) === service);
  if (flag === 'any') checks.push((view) => view.word(AT_FLAG) !== '');
  else if (flag !== undefined) checks.push((view) => view.word(AT_FLAG) === flag);
  if (route !== undefined) checks.push((view) => isRoute(view.word(AT_ROUTE), route));
  if (method !== undefined) checks.push((view) => view.text(TEXT_METHOD) === method);
  if (pathPrefix !== undefined) checks.push((view) => pathOf(view.text(TEXT_TARGET)).startsWith(pathPrefix));
  if (caller !== undefined)
    checks.push((view) => isCaller(callerOfRecord(view, here), caller) || addressOf(view.text(TEXT_CLIENT)) === caller);
  return checks;
}

/** `503` or `5xx`. */
function rangeOf(status: string): readonly [number, number] {
  return [Number(status.replaceAll('x', '0')), Number(status.replaceAll('x', '9'))];
}

function isRoute(route: string, wanted: string): boolean {
  return route === wanted || route.startsWith(`${wanted}/`);
}

/** The workload (or host) that calls; inbound the identity that mutual TLS has proved, else the address. */
export function callerOfRecord(view: RecordView, here: string): string {
  if (!view.has(BIT_INBOUND)) return here;
  const principal = view.text(TEXT_PRINCIPAL);
  return principal === '' ? addressOf(view.text(TEXT_CLIENT)) : principal.replace(/^spiffe:\/\//, '');
}

/** `shop/web` also names `<any trust domain>/ns/shop/sa/web`. */
function isCaller(caller: string, wanted: string): boolean {
  if (caller === wanted || `spiffe://${caller}` === wanted) return true;
  const [namespace, account, more] = wanted.split('/', 3);
  return account !== undefined && more === undefined && caller.endsWith(`/ns/${namespace}/sa/${account}`);
}

/** Without port and brackets. */
function addressOf(client: string): string {
  return client.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

/** Without scheme and authority, which a request to a proxy has. */
function pathOf(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
}
