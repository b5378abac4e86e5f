import t from 'tap';
import { decodeResource } from '../../../../src/resources/index.ts';
import { many, problemsOf, refuses } from '../refuses.ts';
import { type Manifest, route } from '../world.ts';

t.test('HTTPRoute: every class of refused match', async (t) => {
  const paths: readonly [unknown, string, RegExp][] = [
    [{ type: 'RegularExpression', value: '/a(' }, 'value', /is not a regular expression/],
    [{ type: 'RegularExpression', value: '(?=/a)' }, 'value', /is not a regular expression/],
    [{ type: 'Prefix', value: '/a' }, 'type', /must be one of "Exact", "PathPrefix", "RegularExpression"/],
    ...[
      'a',
      '',
      '/a//b',
      '/a/./b',
      '/a/../b',
      '/a#b',
      '/a%2fb',
      '/a%2Fb',
      '/a/..',
      '/a/.',
      '/a b',
      '/ä',
      '/%zz',
      `/${'a'.repeat(1024)}`,
    ].map((value): [unknown, string, RegExp] => [{ value }, 'value', /must|characters/]),
  ];
  for (const [path, field, words] of paths) {
    refuses(t, route('r', [{ matches: [{ path }] }]), `spec.rules[0].matches[0].path.${field}`, words);
  }
  const matches: readonly [Manifest, string, RegExp][] = [
    [{ method: 'get' }, 'method', /did you mean "GET"/],
    [{ method: 'BREW' }, 'method', /must be one of/],
    [{ headers: [{ name: 'a b', value: 'x' }] }, 'headers[0].name', /header name/],
    [{ headers: [{ name: 'a', value: 'x\r\ny: z' }] }, 'headers[0].value', /control characters/],
    [{ headers: [{ name: 'a', value: '' }] }, 'headers[0].value', /at least 1/],
    [
      { headers: [{ name: 'a', value: '[x', type: 'RegularExpression' }] },
      'headers[0].value',
      /is not a regular expression/,
    ],
    [{ headers: [{ name: 'a', value: ' x' }] }, 'headers[0].value', /beginning or ending with a space/],
    [
      {
        headers: [
          { name: 'a', value: 'x' },
          { name: 'A', value: 'y' },
        ],
      },
      'headers[1].name',
      /headers\[0\] names this/,
    ],
    [{ headers: many(17, (i) => ({ name: `h${i}`, value: 'x' })) }, 'headers', /at most 16/],
    [
      { queryParams: [{ name: 'q', value: '(a{1000}){1000}', type: 'RegularExpression' }] },
      'queryParams[0].value',
      /too complex/,
    ],
    [
      {
        queryParams: [
          { name: 'q', value: 'x' },
          { name: 'q', value: 'y' },
        ],
      },
      'queryParams[1].name',
      /queryParams\[0\] names this/,
    ],
    [{ queryParams: [{ name: 'q', value: 'a\u0000' }] }, 'queryParams[0].value', /control characters/],
    [{ header: [] }, 'header', /did you mean "headers"/],
  ];
  for (const [match, field, words] of matches) {
    refuses(t, route('r', [{ matches: [match] }]), `spec.rules[0].matches[0].${field}`, words);
  }
  t.same(
    problemsOf(
      route('r', [
        {
          matches: [
            {
              queryParams: [
                { name: 'q', value: 'x' },
                { name: 'Q', value: 'y' },
              ],
            },
          ],
        },
      ]),
    ),
    [],
    'query names have case',
  );
});

t.test('a bad regular expression has a code of its own, as istioctl has', async (t) => {
  const decoded = decodeResource(route('r', [{ matches: [{ path: { type: 'RegularExpression', value: '(' } }] }]), '');
  t.match(decoded, { ok: false, error: [{ code: 'TWP0122' }] });
});

t.test('expressions in the syntax of RE2 are taken as they are', async (t) => {
  const match = {
    path: { type: 'RegularExpression', value: '/(?:v1|v2)/items/\\d+' },
    headers: [{ type: 'RegularExpression', name: 'x-user', value: ' ?[ä-ü]+.*' }],
    queryParams: [{ type: 'RegularExpression', name: 'q', value: '(?i)abc' }],
  };
  t.same(problemsOf(route('r', [{ matches: [match] }])), []);
});

t.test('regular expressions cost time to compile, so a route has at most 128', async (t) => {
  const matches = (n: number): Manifest[] =>
    many(n, (i) => ({ headers: [{ name: 'a', value: `x${i}`, type: 'RegularExpression' }] }));
  t.same(problemsOf(route('r', [{ matches: matches(64) }, { matches: matches(64) }])), []);
  const one = { path: { type: 'RegularExpression', value: '/x' } };
  const rules = [{ matches: matches(64) }, { matches: [...matches(63), { ...matches(1)[0], ...one }] }];
  refuses(t, route('r', rules), 'spec.rules', /at most 128 regular expressions together, not 129/);
});
