import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, route } from '../world.ts';

const redirect = (requestRedirect: Manifest): Manifest => ({ type: 'RequestRedirect', requestRedirect });
const rewrite = (urlRewrite: Manifest): Manifest => ({ type: 'URLRewrite', urlRewrite });

t.test('redirects and rewrites: what is refused', async (t) => {
  const full = (replaceFullPath: unknown): Manifest => ({ path: { type: 'ReplaceFullPath', replaceFullPath } });
  const cases: readonly [Manifest, string, RegExp][] = [
    [redirect({ statusCode: 300 }), 'requestRedirect.statusCode', /must be one of 301, 302, 303, 307, 308/],
    [redirect({ scheme: 'ftp' }), 'requestRedirect.scheme', /must be one of/],
    [redirect({ hostname: '10.0.0.1' }), 'requestRedirect.hostname', /not an address/],
    [redirect({ hostname: '*.example' }), 'requestRedirect.hostname', /must be lower-case/],
    [redirect({ port: 0 }), 'requestRedirect.port', /at least 1/],
    [redirect(full('x')), 'requestRedirect.path.replaceFullPath', /must begin with/],
    [redirect(full('/a\r\nx: y')), 'requestRedirect.path.replaceFullPath', /characters that cannot stand in a path/],
    [redirect(full('/a?b')), 'requestRedirect.path.replaceFullPath', /characters/],
    [redirect(full(`/${'a'.repeat(1024)}`)), 'requestRedirect.path.replaceFullPath', /at most 1024/],
    [
      redirect({ path: { type: 'ReplaceFullPath' } }),
      'requestRedirect.path.replaceFullPath',
      /goes with replaceFullPath/,
    ],
    [
      rewrite({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/', replaceFullPath: '/' } }),
      'urlRewrite.path.replacePrefixMatch',
      /and with nothing else/,
    ],
    [rewrite({ path: { type: 'ReplaceRegexMatch' } }), 'urlRewrite.path.type', /must be one of/],
    [rewrite({ hostname: 'a_b' }), 'urlRewrite.hostname', /must be lower-case/],
    [rewrite({ port: 1 }), 'urlRewrite.port', /unknown field/],
  ];
  for (const [filter, path, words] of cases) {
    refuses(t, route('r', [{ filters: [filter] }]), `spec.rules[0].filters[0].${path}`, words);
  }
});

t.test('redirects and rewrites: an empty path, and nothing at all, are allowed', async (t) => {
  for (const filter of [
    redirect({}),
    rewrite({}),
    rewrite({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '' } }),
  ]) {
    t.same(problemsOf(route('r', [{ filters: [filter] }])), []);
  }
});
