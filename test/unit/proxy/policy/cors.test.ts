import t from 'tap';
import type { CorsView } from '../../../../src/contract/route-views.ts';
import { allowsOrigin, answerEdits, compileCors, preflightFields } from '../../../../src/proxy/policy/cors.ts';

const EMPTY: CorsView = {
  allowOrigins: [],
  allowMethods: [],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAge: 5,
};

for (const [origins, origin, allowed] of [
  [['https://a.example'], 'https://a.example', true],
  [['https://A.example'], 'HTTPS://a.EXAMPLE', true],
  [['https://a.example'], 'http://a.example', false],
  [['https://a.example'], 'https://a.example:8443', false],
  [['https://a.example:8443'], 'https://a.example:8443', true],
  [['https://a.example'], 'https://a.example.evil', false],
  [['https://a.example'], 'https://evil.a.example', false],
  [['https://x', 'https://a.example'], 'https://a.example', true],
  [['https://*.a.example'], 'https://b.a.example', true],
  [['https://*.a.example'], 'https://c.b.a.example', true],
  [['https://*.a.example'], 'https://a.example', false],
  [['https://*.a.example'], 'https://.a.example', false],
  [['https://*.a.example'], 'https://xa.example', false],
  [['https://*.a.example'], 'http://b.a.example', false],
  [['https://*.a.example'], 'https://b.a.example:81', false],
  [['https://*.a.example:81'], 'https://b.a.example:81', true],
  [['https://*.a.example'], 'https://evil.example/.a.example', false],
  [['https://*'], 'https://any.example', true],
  [['https://*'], 'http://any.example', false],
  [['https://*:81'], 'https://any.example:81', true],
  [['https://*'], 'https://[::1]', true],
  [['*'], 'https://any.example:12345', true],
  [['*'], 'null', true],
  [['https://*'], 'null', false],
  [['*'], `https://${'x'.repeat(300)}.example`, false],
  [[], 'https://a.example', false],
] as const) {
  t.test(`${origins.join(' ')} ${allowed ? 'lets in' : 'does not let in'} ${origin.slice(0, 40)}`, (t) => {
    t.equal(allowsOrigin(compileCors({ ...EMPTY, allowOrigins: origins }), origin), allowed);
    t.end();
  });
}

t.test('an opaque origin never gets credentials', (t) => {
  t.notOk(allowsOrigin(compileCors({ ...EMPTY, allowOrigins: ['*'], allowCredentials: true }), 'null'));
  t.end();
});

function preflight(view: Partial<CorsView>, origin: string, method: string, headers = ''): Record<string, string> {
  const cors = compileCors({ ...EMPTY, ...view });
  return Object.fromEntries(preflightFields(cors, origin, method, headers).map(({ name, value }) => [name, value]));
}

const LISTED = {
  allowOrigins: ['https://www.shop.example', 'https://*.bar.example'],
  allowMethods: ['GET', 'OPTIONS'],
  allowHeaders: ['x-1', 'x-2'],
  exposeHeaders: ['x-3', 'x-4'],
  allowCredentials: true,
  maxAge: 3600,
};
const VARY = { vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers' };

for (const origin of ['https://www.shop.example', 'https://www.bar.example', 'https://deep.www.bar.example']) {
  t.test(`a preflight from ${origin} is told what is listed`, (t) => {
    t.same(preflight(LISTED, origin, 'GET', 'x-1, x-2'), {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': 'x-1, x-2',
      'access-control-expose-headers': 'x-3, x-4',
      'access-control-max-age': '3600',
      ...VARY,
    });
    t.end();
  });
}

for (const [what, view, wanted] of [
  ['nothing to an origin that is not let in', { ...LISTED, allowOrigins: ['https://x'] }, VARY],
  [
    'what it asked for, where everything is allowed',
    { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*'] },
    {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-1',
      'access-control-expose-headers': '*',
      'access-control-max-age': '5',
      ...VARY,
    },
  ],
  [
    'never * with credentials',
    { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'], exposeHeaders: ['*'], allowCredentials: true },
    {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-1',
      'access-control-max-age': '5',
      ...VARY,
    },
  ],
  [
    'nothing of what the rule leaves open',
    { allowOrigins: ['https://a.example'] },
    { 'access-control-allow-origin': 'https://a.example', 'access-control-max-age': '5', ...VARY },
  ],
] as const) {
  t.test(`a preflight is told ${what}`, (t) => {
    t.same(preflight(view, 'https://a.example', 'PUT', 'x-1'), wanted);
    t.end();
  });
}

t.test('an answer gets what its origin may have, and loses what the endpoint said of it', (t) => {
  const cors = compileCors({ ...EMPTY, allowOrigins: ['https://a.example'], exposeHeaders: ['x-1', 'x-2'] });
  const add = [{ name: 'vary', value: 'Origin' }];
  t.same(answerEdits(cors, 'https://a.example'), {
    set: [
      { name: 'access-control-allow-origin', value: 'https://a.example' },
      { name: 'access-control-expose-headers', value: 'x-1, x-2' },
    ],
    add,
    remove: ['access-control-allow-credentials'],
  });
  const nothing = { set: [], add, remove: ['access-control-allow-origin', 'access-control-allow-credentials'] };
  t.same(answerEdits(cors, 'https://b.example'), nothing);
  t.same(answerEdits(cors, ''), nothing);
  t.match(answerEdits(compileCors({ ...EMPTY, allowOrigins: ['*'], allowCredentials: true }), 'https://b.example'), {
    set: [{ value: 'https://b.example' }, { name: 'access-control-allow-credentials', value: 'true' }],
    remove: [],
  });
  t.end();
});
