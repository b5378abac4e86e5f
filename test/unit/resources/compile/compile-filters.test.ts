import t from 'tap';
import { type Manifest, route, service, viewOf } from '../world.ts';

/** The action of a rule with these filters, on the match `/api/`. */
function actionWith(filters: Manifest[], more: Manifest = {}): unknown {
  const rule = { matches: [{ path: { value: '/api/' } }], filters, ...more };
  return viewOf([service('orders'), service('copy'), route('r', [rule])]).ports[0]?.http?.actions[0];
}

const mirror = (requestMirror: Manifest, name = 'copy'): Manifest => ({
  type: 'RequestMirror',
  requestMirror: { backendRef: { name, port: 80 }, ...requestMirror },
});

t.test('header edits in both directions; an edit that says nothing is none', async (t) => {
  const edits = { set: [{ name: 'A', value: '1' }], remove: ['X-B'] };
  t.match(actionWith([{ type: 'ResponseHeaderModifier', responseHeaderModifier: edits }]), {
    requestHeaders: null,
    responseHeaders: { set: [{ name: 'A', value: '1' }], add: [], remove: ['x-b'] },
  });
  const empty = actionWith([{ type: 'ResponseHeaderModifier', responseHeaderModifier: {} }]);
  t.notOk(Object.hasOwn(empty as object, 'responseHeaders'));
});

t.test('a redirect has no backends; 302 unless given', async (t) => {
  t.match(actionWith([{ type: 'RequestRedirect', requestRedirect: {} }]), {
    backends: [],
    answer: { type: 'redirect', status: 302 },
  });
  const requestRedirect = {
    scheme: 'https',
    hostname: 'a.example',
    port: 8443,
    statusCode: 308,
    path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' },
  };
  t.match(actionWith([{ type: 'RequestRedirect', requestRedirect }]), {
    answer: {
      type: 'redirect',
      scheme: 'https',
      hostname: 'a.example',
      port: 8443,
      path: { type: 'ReplacePrefixMatch', prefix: '/api', value: '/v2' },
      status: 308,
    },
  });
});

t.test('rewrites know the prefix of their rule; an empty path is the root', async (t) => {
  const rewrite = (path: Manifest): Manifest => ({ type: 'URLRewrite', urlRewrite: { hostname: 'a.example', path } });
  const replaced = { type: 'ReplacePrefixMatch', replacePrefixMatch: '' };
  t.match(actionWith([rewrite(replaced)]), {
    rewrite: { hostname: 'a.example', path: { type: 'ReplacePrefixMatch', prefix: '/api', value: '' } },
  });
  t.match(actionWith([rewrite({ type: 'ReplaceFullPath', replaceFullPath: '' })]), {
    rewrite: { path: { type: 'ReplaceFullPath', value: '/' } },
  });
  const everything = { matches: [] };
  t.match(actionWith([rewrite(replaced)], everything), { rewrite: { path: { prefix: '' } } });
});

t.test('mirrors: everything unless a share is given, several, and none for a share of 0', async (t) => {
  const mirrors = [mirror({}), mirror({ percent: 10 }), mirror({ fraction: { numerator: 1, denominator: 3 } })];
  t.match(actionWith([...mirrors, mirror({ fraction: { numerator: 5 } }), mirror({ percent: 0 })]), {
    mirrors: [
      { cluster: 'shop/copy:80', numerator: 100, denominator: 100 },
      { cluster: 'shop/copy:80', numerator: 10, denominator: 100 },
      { cluster: 'shop/copy:80', numerator: 1, denominator: 3 },
      { cluster: 'shop/copy:80', numerator: 5, denominator: 100 },
    ],
  });
  t.match(actionWith([mirror({}, 'gone')]), { mirrors: [{ cluster: null, numerator: 100, denominator: 100 }] });
  t.notOk(Object.hasOwn(actionWith([mirror({ percent: 0 })]) as object, 'mirrors'));
});

t.test('CORS with the defaults of the standard', async (t) => {
  t.match(actionWith([{ type: 'CORS', cors: { allowOrigins: ['https://*.example'] } }]), {
    cors: {
      allowOrigins: ['https://*.example'],
      allowMethods: [],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: false,
      maxAge: 5,
    },
  });
});

t.test('filters of a backendRef are its own', async (t) => {
  const filters = [
    { type: 'URLRewrite', urlRewrite: { hostname: 'b.example' } },
    mirror({ percent: 50 }),
    { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'X-B', value: '1' }] } },
  ];
  const backendRefs = [{ name: 'copy', port: 80, filters }];
  t.match(actionWith([], { backendRefs }), {
    backends: [
      {
        cluster: 'shop/copy:80',
        weight: 1,
        requestHeaders: null,
        rewrite: { hostname: 'b.example' },
        mirrors: [{ cluster: 'shop/copy:80', numerator: 50 }],
        responseHeaders: { add: [{ name: 'X-B', value: '1' }] },
      },
    ],
  });
  const redirected = [{ type: 'RequestRedirect', requestRedirect: { hostname: 'c.example' } }];
  t.match(actionWith([], { backendRefs: [{ name: 'copy', port: 80, filters: redirected }] }), {
    backends: [{ answer: { type: 'redirect', hostname: 'c.example', status: 302 } }],
  });
});
