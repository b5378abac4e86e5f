import type { RouteEntryView } from '../contract/route-views.ts';
import type { GRPCMethodMatch } from './route-types.ts';

/** What the paths of the calls look like that a match means: a call's is `/<service>/<method>`. */
export function pathOfCall(match: GRPCMethodMatch): NonNullable<RouteEntryView['path']> {
  const { type, method } = match;
  const service = serviceOf(match);
  if (type === 'Exact' && service !== '') {
    return method === undefined
      ? { type: 'PathPrefix', value: `/${service}` }
      : { type: 'Exact', value: `/${service}/${method}` };
  }
  const part = (text: string | undefined): string => (text === undefined || text === '' ? '[^/]+' : `(?:${text})`);
  return { type: 'RegularExpression', value: `/${part(service)}/${part(method)}` };
}

/** The service that is meant; a name may begin with the dot of protobuf's fully qualified form. */
export function serviceOf(match: GRPCMethodMatch | undefined): string {
  const service = match?.service ?? '';
  return match?.type === 'Exact' && service.startsWith('.') ? service.slice(1) : service;
}
