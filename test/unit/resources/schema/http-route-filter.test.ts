import t from 'tap';
import { many, refuses } from '../refuses.ts';
import { type Manifest, routeFilter, specOf } from '../world.ts';

t.test('HTTPRouteFilter: what is refused', async (t) => {
  const cookie = { name: 'a', value: 'b' };
  const cases: readonly [Manifest, string, RegExp][] = [
    [{}, 'spec', /says nothing/],
    [{ matches: [{}] }, 'spec.matches[0].cookies', /required/],
    [{ matches: [{ cookies: [] }] }, 'spec.matches[0].cookies', /at least 1/],
    [{ matches: [{ cookies: [{ name: 'a b', value: 'x' }] }] }, 'spec.matches[0].cookies[0].name', /header name/],
    [
      { matches: [{ cookies: [{ name: 'a', value: 'x;y' }] }] },
      'spec.matches[0].cookies[0].value',
      /a cookie can hold/,
    ],
    [{ matches: [{ cookies: [cookie, cookie] }] }, 'spec.matches[0].cookies[1].name', /names this cookie already/],
    [
      { matches: [{ cookies: many(17, (i) => ({ name: `c${i}`, value: 'x' })) }] },
      'spec.matches[0].cookies',
      /at most 16/,
    ],
    [{ matches: many(9, () => ({ cookies: [cookie] })) }, 'spec.matches', /at most 8/],
    [
      { matches: [{ cookies: [{ ...cookie, value: '(', type: 'RegularExpression' }] }] },
      'spec.matches[0].cookies[0].value',
      /not a regular expression/,
    ],
    [{ directResponse: { statusCode: 199 } }, 'spec.directResponse.statusCode', /at least 200/],
    [{ directResponse: { statusCode: 600 } }, 'spec.directResponse.statusCode', /at most 599/],
    [
      { directResponse: { body: { type: 'ValueRef', valueRef: {} } } },
      'spec.directResponse.body.type',
      /only "Inline" is supported/,
    ],
    [
      { directResponse: { body: { inline: 'id %REQ(x-id)%' } } },
      'spec.directResponse.body.inline',
      /command operators/,
    ],
    [{ directResponse: { body: { inline: 'x'.repeat(16385) } } }, 'spec.directResponse.body.inline', /at most 16384/],
    [{ directResponse: { statusCode: 204, body: { inline: 'x' } } }, 'spec.directResponse.body', /204 has no body/],
    [{ directResponse: { header: { remove: ['a'] } } }, 'spec.directResponse.header.remove', /nothing to remove/],
    [{ directResponse: { contentType: 'a\nb' } }, 'spec.directResponse.contentType', /printable ASCII/],
    [{ urlRewrite: {} }, 'spec.urlRewrite', /use the filter URLRewrite/],
    [{ credentialInjection: {} }, 'spec.credentialInjection', /not injected/],
  ];
  for (const [spec, path, words] of cases) refuses(t, routeFilter('f', spec), path, words);
});

t.test('HTTPRouteFilter: the defaults', async (t) => {
  t.same(specOf(routeFilter('f', { directResponse: {} })), { matches: [], directResponse: { statusCode: 200 } });
  t.same(specOf(routeFilter('f', { matches: [{ cookies: [{ name: 'pilot', value: 'on' }] }] })), {
    matches: [{ cookies: [{ type: 'Exact', name: 'pilot', value: 'on' }] }],
  });
  t.match(specOf(routeFilter('f', { directResponse: { body: { inline: '50% off' } } })), {
    directResponse: { body: { type: 'Inline', inline: '50% off' } },
  });
});
