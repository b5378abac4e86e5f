/** Redirects: statuses, and how port and scheme come together. */
import { type Group, request } from '../case-types.ts';
import { parent, redirectRule, route, rules, service } from '../text.ts';

/** HTTPRoute303Redirect and its like, of the mesh and of gateways. */
export function redirectStatusGroups(prefix: 'Mesh' | ''): Group[] {
  return [303, 307, 308].map((status) => {
    const name = `${prefix === '' ? 'north' : 'mesh'}-${status}`;
    return {
      name: `${prefix}HTTPRoute${status}Redirect`,
      manifests:
        service(name) +
        route(
          name,
          parent(name, 'port: 80'),
          rules(redirectRule('/see', `statusCode: ${status}, hostname: example.org`)),
        ),
      cases: [
        request(`${status}`, name, '/see', { status: [status], location: 'http://example.org/see' }),
        request(
          `${status} to a POST`,
          name,
          '/see',
          { status: [status], location: 'http://example.org/see' },
          { method: 'POST' },
        ),
      ],
    };
  });
}

interface Combination {
  readonly name: string;
  readonly redirect: string;
  readonly location: string;
}

const ON_80: readonly Combination[] = [
  { name: 'scheme-nil-and-port-nil', redirect: 'hostname: example.org', location: 'http://example.org' },
  { name: 'scheme-nil-and-port-80', redirect: 'port: 80, hostname: example.org', location: 'http://example.org' },
  {
    name: 'scheme-nil-and-port-8080',
    redirect: 'port: 8080, hostname: example.org',
    location: 'http://example.org:8080',
  },
  {
    name: 'scheme-https-and-port-nil',
    redirect: 'scheme: https, hostname: example.org',
    location: 'https://example.org',
  },
  {
    name: 'scheme-https-and-port-443',
    redirect: 'scheme: https, port: 443, hostname: example.org',
    location: 'https://example.org',
  },
  {
    name: 'scheme-https-and-port-8443',
    redirect: 'scheme: https, port: 8443, hostname: example.org',
    location: 'https://example.org:8443',
  },
  {
    name: 'scheme-http-and-port-80',
    redirect: 'scheme: http, port: 80, hostname: example.org',
    location: 'http://example.org',
  },
  {
    name: 'scheme-http-and-port-8080',
    redirect: 'scheme: http, port: 8080, hostname: example.org',
    location: 'http://example.org:8080',
  },
];

const ON_8080: readonly Combination[] = [
  { name: 'scheme-nil-and-port-nil', redirect: 'hostname: example.org', location: 'http://example.org:8080' },
  { name: 'scheme-nil-and-port-80', redirect: 'port: 80, hostname: example.org', location: 'http://example.org' },
  {
    name: 'scheme-https-and-port-nil',
    redirect: 'scheme: https, hostname: example.org',
    location: 'https://example.org',
  },
];

function onPort(
  port: number,
  combinations: readonly Combination[],
): { readonly text: string; readonly cases: Group['cases'] } {
  const to = `port-scheme:${port}`;
  const text = route(
    `port-scheme-${port}`,
    parent('port-scheme', `port: ${port}`),
    rules(...combinations.map(({ name, redirect }) => redirectRule(`/${name}`, redirect))),
  );
  const cases = combinations.map(({ name, location }) =>
    request(`${name}, dialled on ${port}`, to, `/${name}`, { status: [302], location: `${location}/${name}` }),
  );
  return { text, cases };
}

const on80 = onPort(80, ON_80);
const on8080 = onPort(8080, ON_8080);

export const REDIRECT_GROUPS: readonly Group[] = [
  {
    name: 'HTTPRouteRedirectPortAndScheme',
    manifests: service('port-scheme') + on80.text + on8080.text,
    cases: [...on80.cases, ...on8080.cases],
  },
  ...redirectStatusGroups(''),
];
