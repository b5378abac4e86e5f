/** CORS over real connections, case by case as Gateway API's conformance tests have them, and where they say nothing. */
import t from 'tap';
import type { CorsView } from '../../../src/contract/route-views.ts';
import { CorsRule } from '../../../src/proxy/cors-rule.ts';
import { serviceView } from '../../helpers/proxy-rig.ts';
import { bytes, parseRequest } from './codec/http1/fixture.ts';
import { check, closedPort } from './support/http2-rig.ts';
import { type Protocol, routeRig, rules } from './support/route-rig.ts';

const NONE = {
  allowOrigins: [],
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAge: 5,
};
const LISTED: CorsView = {
  allowOrigins: ['https://www.shop.example', 'https://*.bar.example'],
  allowMethods: ['GET', 'OPTIONS'],
  allowHeaders: ['x-header-1', 'x-header-2'],
  exposeHeaders: ['x-header-3', 'x-header-4'],
  allowCredentials: true,
  maxAge: 3600,
};
const METHODS: CorsView = { ...NONE, allowOrigins: ['https://www.shop.example'], allowMethods: ['*'] };
const ORIGINS: CorsView = { ...NONE, allowOrigins: ['*'], allowMethods: ['*'] };
const ALL: CorsView = { ...ORIGINS, allowHeaders: ['*'], exposeHeaders: ['*'], allowCredentials: true };
const OPEN: CorsView = { ...ALL, allowCredentials: false };
const path = (value: string) => ({ path: { type: 'PathPrefix', value } as const });
const LIST = [LISTED, METHODS, ORIGINS, ALL, OPEN].map((cors, i) => [path(`/${i}`), { cors }] as const);
const ALL_RULES = rules(
  ...LIST,
  [path('/redirect'), { cors: LISTED, answer: { type: 'redirect', status: 302 } }],
  [path('/direct'), { cors: LISTED, answer: { type: 'direct', status: 200, body: 'x' } }],
  [path('/broken'), { cors: LISTED, backends: [{ cluster: null, weight: 1, requestHeaders: null }] }],
);

const OPTIONS = { ':method': 'OPTIONS', 'access-control-request-method': 'GET' };
const WANTED_HEADERS = { 'access-control-request-headers': 'x-header-1, x-header-2' };
const LISTED_ANSWER = {
  'access-control-allow-methods': 'GET, OPTIONS',
  'access-control-allow-headers': 'x-header-1, x-header-2',
  'access-control-expose-headers': 'x-header-3, x-header-4',
  'access-control-max-age': '3600',
  'access-control-allow-credentials': 'true',
};

interface Case {
  readonly what: string;
  readonly request: Readonly<Record<string, string>>;
  /** Of all CORS fields; those that are not here must be absent. */
  readonly cors: Readonly<Record<string, string>>;
  /** The endpoint answers. */
  readonly served?: boolean;
}

const shop = 'https://www.shop.example';
const CASES: readonly Case[] = [
  ...[shop, 'https://www.bar.example', 'https://xpto.www.bar.example'].map((origin) => ({
    what: `a preflight from ${origin}`,
    request: { ':path': '/0', ...OPTIONS, ...WANTED_HEADERS, origin },
    cors: { 'access-control-allow-origin': origin, ...LISTED_ANSWER },
  })),
  {
    what: 'a preflight from elsewhere',
    request: { ':path': '/0', ...OPTIONS, origin: 'https://foobar.example' },
    cors: {},
  },
  ...[shop, 'https://www.bar.example'].map((origin) => ({
    what: `a simple request from ${origin}`,
    request: { ':path': '/0', ...OPTIONS, ':method': 'GET', ...WANTED_HEADERS, origin },
    cors: {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-header-3, x-header-4',
      'access-control-allow-credentials': 'true',
    },
    served: true,
  })),
  {
    what: 'a simple request from elsewhere',
    request: { ':path': '/0', origin: 'https://foobar.example' },
    cors: {},
    served: true,
  },
  { what: 'a request without an origin', request: { ':path': '/0' }, cors: {}, served: true },
  {
    what: 'a preflight where every method is allowed, without credentials',
    request: { ':path': '/1', ...OPTIONS, 'access-control-request-method': 'POST', origin: shop },
    cors: {
      'access-control-allow-origin': shop,
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '5',
    },
  },
  ...['https://foobar.example', 'https://foobar.example:12345'].flatMap((origin) => [
    {
      what: `a preflight from ${origin} where every origin is allowed`,
      request: { ':path': '/2', ...OPTIONS, 'access-control-request-method': 'PUT', origin },
      cors: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-max-age': '5',
      },
    },
    {
      what: `a request from ${origin} where every origin is allowed`,
      request: { ':path': '/2', ':method': 'PUT', 'content-length': '0', origin },
      cors: { 'access-control-allow-origin': origin },
      served: true,
    },
  ]),
  ...(['/3', '/4'] as const).flatMap((at) => {
    const origin = 'https://other.shop.example';
    const credentials: Record<string, string> = at === '/3' ? { 'access-control-allow-credentials': 'true' } : {};
    const expose: Record<string, string> = at === '/4' ? { 'access-control-expose-headers': '*' } : {};
    return [
      {
        what: `a preflight where everything is allowed, ${at === '/3' ? 'with' : 'without'} credentials`,
        request: { ':path': at, ...OPTIONS, ...WANTED_HEADERS, 'access-control-request-method': 'PUT', origin },
        cors: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'PUT',
          'access-control-allow-headers': 'x-header-1, x-header-2',
          'access-control-max-age': '5',
          ...credentials,
          ...expose,
        },
      },
      {
        what: `a request ${at === '/3' ? 'with' : 'without'} credentials where everything is allowed`,
        request: { ':path': at, authorization: 'Bearer x', origin },
        cors: { 'access-control-allow-origin': origin, ...credentials, ...expose },
        served: true,
      },
    ];
  }),
  {
    what: 'OPTIONS that is no preflight',
    request: { ':path': '/0', ':method': 'OPTIONS', origin: shop },
    cors: {
      'access-control-allow-origin': shop,
      'access-control-expose-headers': 'x-header-3, x-header-4',
      'access-control-allow-credentials': 'true',
    },
    served: true,
  },
];

function corsFields(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));
}

for (const client of ['http1', 'http2'] as readonly Protocol[]) {
  t.test(`${client}: requests and preflights`, async (t) => {
    const { rig, got, ask } = await routeRig(client, 'http1', ALL_RULES);
    for (const { what, request, cors, served = false } of CASES) {
      const before = got.length;
      const reply = await ask(request);
      t.equal(reply.status, 200, what);
      t.same(corsFields(reply.headers), cors, what);
      t.equal(reply.body, served ? 'ok' : '', what);
      t.equal(got.length - before, served ? 1 : 0, what);
      t.match(reply.headers.vary, served ? 'Accept,Origin' : /^Origin, Access-Control-Request-Method/, what);
    }
    await check(t, rig);
  });

  t.test(`${client}: answers of ours can be read by the origins that are let in`, async (t) => {
    const { rig, ask } = await routeRig(client, 'http1', ALL_RULES);
    for (const [at, status] of [
      ['/redirect', 302],
      ['/direct', 200],
      ['/broken', 500],
    ] as const) {
      const allowed = await ask({ ':path': at, origin: shop });
      t.equal(allowed.status, status);
      t.match(allowed.headers, { 'access-control-allow-origin': shop, vary: 'Origin' }, at);
      const other = await ask({ ':path': at, origin: 'https://foobar.example' });
      t.same(corsFields(other.headers), {}, at);
      t.equal(other.headers.vary, 'Origin', at);
    }
    await check(t, rig);
  });
}

t.test('what an endpoint says of origins does not overrule the rule', async (t) => {
  const { rig } = await routeRig('http1', 'http1', ALL_RULES);
  const { port } = await rig.serve((socket) => {
    socket.on('data', () =>
      socket.write(
        'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n',
      ),
    );
  });
  rig.service(
    serviceView([port], { protocol: 'http1', http: rules(...LIST) }, { version: { epoch: 1, gen: 2, hash: 'y' } }),
  );
  const client = await rig.client();
  for (const [origin, wanted] of [
    ['https://foobar.example', []],
    [shop, [`Access-Control-Allow-Origin: ${shop}`]],
  ] as const) {
    client.clear();
    client.send(`GET /1 HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n\r\n`);
    await rig.until(() => client.text.endsWith('\r\n\r\n'), 'the answer');
    t.same(client.text.match(/access-control-.*?(?=\r)/gi) ?? [], wanted);
  }
  await check(t, rig);
});

t.test('an error of the endpoint can be read as well', async (t) => {
  for (const client of ['http1', 'http2'] as const) {
    for (const server of ['http1', 'http2'] as const) {
      const { rig, ask } = await routeRig(client, server, ALL_RULES);
      const http = rules(...LIST);
      rig.service(
        serviceView([await closedPort()], { protocol: server, http }, { version: { epoch: 1, gen: 2, hash: 'y' } }),
      );
      const reply = await ask({ ':path': '/0', origin: shop });
      t.equal(reply.status, 503);
      t.match(reply.headers, { 'access-control-allow-origin': shop, 'content-type': 'text/plain; charset=utf-8' });
      t.match(reply.headers['x-towpath-error'], /^UF/);
      await check(t, rig);
    }
  }
});

t.test('the edits for an origin are kept, and origins that are not let in do not push them out', async (t) => {
  const rule = new CorsRule(LISTED, [null]);
  const from = (origin: string) =>
    rule.editsFor(parseRequest(`GET / HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n\r\n`), bytes);
  const kept = from(shop);
  const other = from('https://0.example');
  for (let i = 1; i < 500; i++) t.equal(from(`https://${i}.example`), other);
  t.equal(from(shop), kept);
  for (let i = 0; i < 100; i++) from(`https://${i}.bar.example`);
  t.same(from(shop), kept);
});
