/**
 * Cross-origin requests (Gateway API HTTPCORSFilter, Fetch standard 3.2): which origins a rule lets in, and what browsers are told.
 * Where the rule says `*`, what the browser asked for is told back: `*` itself would not hold for requests with credentials.
 */
import type { CorsView, HeaderEditView, NameValue } from '../../contract/route-views.ts';

export interface CompiledCors {
  readonly view: CorsView;
  readonly anyOrigin: boolean;
  /** In lower case. */
  readonly origins: ReadonlySet<string>;
  /** `scheme://*.example.com[:port]` and `scheme://*[:port]`. */
  readonly wildcards: readonly OriginParts[];
}

interface OriginParts {
  readonly scheme: string;
  /** Of a wildcard: what the host ends with, with the dot before it; '' = every host. */
  readonly host: string;
  readonly port: string;
}

/** An origin that is longer belongs to nobody. */
const MAX_ORIGIN = 256;
const ALL = '*';
/** An opaque origin (Fetch standard 3.2.1): anybody can have it. */
const OPAQUE = 'null';

export function compileCors(view: CorsView): CompiledCors {
  const origins = view.allowOrigins.map((origin) => origin.toLowerCase());
  return {
    view,
    anyOrigin: origins.includes(ALL),
    origins: new Set(origins.filter((origin) => !origin.includes(ALL))),
    wildcards: origins
      .filter((origin) => origin.includes('://*'))
      .flatMap((origin) => partsOf(origin.replace('*', ''))),
  };
}

/** Empty for what is no origin of a host. */
function partsOf(origin: string): OriginParts[] {
  const match = /^([a-z][a-z0-9+.-]*):\/\/((?:\[[^\]]*\]|[^:/]*))(?::(\d+))?$/.exec(origin);
  return match === null ? [] : [{ scheme: match[1], host: match[2], port: match[3] ?? '' }];
}

/** A first label `*` stands for one label or more. An opaque origin is let in by `*` alone, and never with credentials. */
export function allowsOrigin(cors: CompiledCors, origin: string): boolean {
  if (origin === '' || origin.length > MAX_ORIGIN) return false;
  const lower = origin.toLowerCase();
  if (lower === OPAQUE) return cors.anyOrigin && !cors.view.allowCredentials;
  if (cors.anyOrigin || cors.origins.has(lower)) return true;
  if (cors.wildcards.length === 0) return false;
  return partsOf(lower).some(({ scheme, host, port }) =>
    cors.wildcards.some(
      (wanted) =>
        wanted.scheme === scheme &&
        wanted.port === port &&
        host.length > wanted.host.length &&
        host.endsWith(wanted.host),
    ),
  );
}

/**
 * What becomes of an answer to a request from that origin; '' = it named none. The rule alone decides: what the endpoint says of
 * origins is replaced, and taken away where the origin is not let in. Caches are told that the answer depends on it.
 */
export function answerEdits(cors: CompiledCors, origin: string): HeaderEditView {
  const vary = [{ name: 'vary', value: 'Origin' }];
  if (!allowsOrigin(cors, origin)) return { set: [], add: vary, remove: [ALLOW_ORIGIN, CREDENTIALS] };
  const { allowCredentials } = cors.view;
  return { set: common(cors, origin), add: vary, remove: allowCredentials ? [] : [CREDENTIALS] };
}

const ALLOW_ORIGIN = 'access-control-allow-origin';
const CREDENTIALS = 'access-control-allow-credentials';
const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

/** What a preflight is answered: nothing but Vary to an origin that is not let in. @param headers '' = none were asked for */
export function preflightFields(cors: CompiledCors, origin: string, method: string, headers: string): NameValue[] {
  const vary = { name: 'vary', value: PREFLIGHT_VARY };
  if (!allowsOrigin(cors, origin)) return [vary];
  const { allowMethods, allowHeaders, maxAge } = cors.view;
  const fields = [
    ...common(cors, origin),
    { name: 'access-control-allow-methods', value: allowMethods.includes(ALL) ? method : allowMethods.join(', ') },
    { name: 'access-control-allow-headers', value: allowHeaders.includes(ALL) ? headers : allowHeaders.join(', ') },
    { name: 'access-control-max-age', value: String(maxAge) },
  ];
  return [...fields.filter(({ value }) => value !== ''), vary];
}

/** Of a preflight and of the request itself. */
function common(cors: CompiledCors, origin: string): NameValue[] {
  const { allowCredentials, exposeHeaders } = cors.view;
  const fields = [{ name: ALLOW_ORIGIN, value: origin }];
  if (allowCredentials) fields.push({ name: CREDENTIALS, value: 'true' });
  // With credentials, browsers take `*` for the name of a field: it would expose nothing.
  const exposed = allowCredentials ? exposeHeaders.filter((name) => name !== ALL) : exposeHeaders;
  if (exposed.length > 0) fields.push({ name: 'access-control-expose-headers', value: exposed.join(', ') });
  return fields;
}
