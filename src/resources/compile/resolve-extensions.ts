import type { DirectResponseView } from '../../contract/route-views.ts';
import { serviceKey } from '../../contract/views.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { DirectResponse, ExtensionRef, RouteFilter, ValueMatch } from '../route-types.ts';
import type { HTTPRouteFilterResource, RequestRouteResource } from '../types.ts';

const GROUP = 'gateway.envoyproxy.io';
/** Alternatives of several filters multiply: two with eight each are 64. */
const MAX_ALTERNATIVES = 256;

/** A filter that cannot be kept. `filter`: its place among those of the rule. */
export interface ExtensionProblem {
  readonly filter: number;
  /** A reference that leads nowhere (condition ResolvedRefs), or filters that do not go together (Accepted). */
  readonly reason: 'InvalidKind' | 'BackendNotFound' | 'IncompatibleFilters';
  readonly message: string;
}

/** What the ExtensionRefs of one rule come to. */
export interface Extensions {
  /** Alternatives, each a list of cookies that must all match; beside what the rule itself matches. One empty list: anything. */
  readonly cookies: readonly (readonly ValueMatch[])[];
  readonly answer: DirectResponseView | null;
  readonly problems: readonly ExtensionProblem[];
}

const NO_COOKIES: Extensions['cookies'] = [[]];
const NO_EXTENSIONS: Extensions = { cookies: NO_COOKIES, answer: null, problems: [] };

/**
 * A filter that cannot be resolved is never skipped: the rule is answered 500 (Gateway API HTTPRouteFilter.extensionRef), and so is
 * one whose filters contradict each other.
 */
export function resolveExtensions(
  index: ResourceIndex,
  route: Pick<RequestRouteResource, 'kind' | 'metadata'>,
  filters: readonly RouteFilter[],
): Extensions {
  if (!filters.some(({ type }) => type === 'ExtensionRef')) return NO_EXTENSIONS;
  const problems: ExtensionProblem[] = [];
  let cookies = NO_COOKIES;
  let direct: DirectResponse | null = null;
  for (const [i, filter] of filters.entries()) {
    if (filter.type !== 'ExtensionRef') continue;
    const found = findExtension(index, route, filter.extensionRef);
    if ('reason' in found) {
      problems.push({ filter: i, ...found });
      continue;
    }
    const { matches, directResponse } = found.spec;
    if (matches.length * cookies.length > MAX_ALTERNATIVES) {
      const message = `the filters of the rule come to more than ${MAX_ALTERNATIVES} alternatives of cookies`;
      problems.push({ filter: i, reason: 'IncompatibleFilters', message });
    } else if (matches.length > 0) {
      cookies = cookies.flatMap((all) => matches.map((match) => [...all, ...match.cookies]));
    }
    if (directResponse === undefined) continue;
    const clash = answerProblem(route, filters, directResponse, direct);
    if (clash === null) direct = directResponse;
    else problems.push({ filter: i, reason: 'IncompatibleFilters', message: clash });
  }
  const [problem] = problems;
  if (problem !== undefined) return { cookies, answer: failure(problem), problems };
  return { cookies, answer: direct === null ? null : compileAnswer(direct), problems };
}

function findExtension(
  index: ResourceIndex,
  route: Pick<RequestRouteResource, 'metadata'>,
  { group, kind, name }: ExtensionRef,
): HTTPRouteFilterResource | Omit<ExtensionProblem, 'filter'> {
  if (group !== GROUP || kind !== 'HTTPRouteFilter') {
    return { reason: 'InvalidKind', message: `filters of kind ${group}/${kind} are not known` };
  }
  const key = serviceKey(route.metadata.namespace, name);
  const message = `the HTTPRouteFilter ${key} does not exist`;
  return index.httpRouteFilter(key) ?? { reason: 'BackendNotFound', message };
}

function answerProblem(
  route: Pick<RequestRouteResource, 'kind'>,
  filters: readonly RouteFilter[],
  { statusCode }: DirectResponse,
  earlier: DirectResponse | null,
): string | null {
  if (earlier !== null) return 'another filter of the rule answers already';
  if (filters.some(({ type }) => type === 'RequestRedirect')) return 'a rule cannot redirect and answer at once';
  // Success of a gRPC call is said in trailers, after a message that no fixed answer has.
  if (route.kind === 'GRPCRoute' && statusCode < 300) return `a gRPC call cannot be answered ${statusCode}`;
  return null;
}

function failure({ message }: ExtensionProblem): DirectResponseView {
  return { type: 'direct', status: 500, contentType: 'text/plain', body: `towpath: ${message}\n` };
}

function compileAnswer({ statusCode, contentType, body, header }: DirectResponse): DirectResponseView {
  const headers = [...(header?.set ?? []), ...(header?.add ?? [])];
  return {
    type: 'direct',
    status: statusCode,
    ...(contentType === undefined ? {} : { contentType }),
    body: body?.inline ?? '',
    ...(headers.length === 0 ? {} : { headers }),
  };
}
