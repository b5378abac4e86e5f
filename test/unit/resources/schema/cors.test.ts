import t from 'tap';
import { many, problemsOf, refuses } from '../refuses.ts';
import { type Manifest, route } from '../world.ts';

const withCors = (cors: Manifest): Manifest => route('r', [{ filters: [{ type: 'CORS', cors }] }]);

t.test('CORS: what is refused', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ allowOrigins: ['shop.example'] }, 'allowOrigins[0]', /an origin such as/],
    [{ allowOrigins: ['https://shop.example/'] }, 'allowOrigins[0]', /an origin such as/],
    [{ allowOrigins: ['https://a.*.example'] }, 'allowOrigins[0]', /an origin such as/],
    [{ allowOrigins: ['ftp://shop.example'] }, 'allowOrigins[0]', /an origin such as/],
    [{ allowOrigins: ['https://a.example', '*'] }, 'allowOrigins[1]', /only entry/],
    [{ allowOrigins: ['https://a.example', 'https://a.example'] }, 'allowOrigins[1]', /repeats entry 0/],
    [{ allowOrigins: many(65, (i) => `https://a${i}.example`) }, 'allowOrigins', /at most 64/],
    [{ allowMethods: ['get'] }, 'allowMethods[0]', /did you mean "GET"/],
    [{ allowMethods: ['GET', '*'] }, 'allowMethods[1]', /only entry/],
    [{ allowHeaders: ['a b'] }, 'allowHeaders[0]', /header name/],
    [{ allowHeaders: ['*', 'x-a'] }, 'allowHeaders[0]', /only entry/],
    [{ exposeHeaders: ['x-a', 'x-a'] }, 'exposeHeaders[1]', /repeats/],
    [{ maxAge: 0 }, 'maxAge', /at least 1/],
    [{ maxAge: '5s' }, 'maxAge', /must be a/],
    [{ allowCredentials: 'true' }, 'allowCredentials', /must be true or false/],
    [{ allowOrigin: [] }, 'allowOrigin', /did you mean "allowOrigins"/],
  ];
  for (const [cors, path, words] of cases) refuses(t, withCors(cors), `spec.rules[0].filters[0].cors.${path}`, words);
});

t.test('CORS: origins of every form', async (t) => {
  for (const origin of ['*', 'https://a.example', 'http://*.a.example:8080', 'https://*', 'http://localhost:3000']) {
    t.same(problemsOf(withCors({ allowOrigins: [origin] })), [], origin);
  }
});

t.test('CORS belongs to the rule, not to one of its backends', async (t) => {
  const filters = [{ type: 'CORS', cors: {} }];
  const rule = { backendRefs: [{ name: 'b', port: 80, filters }] };
  refuses(t, route('r', [rule]), 'spec.rules[0].backendRefs[0].filters[0].type', /among the filters of the rule/);
});
