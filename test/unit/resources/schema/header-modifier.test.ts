import t from 'tap';
import { many, refuses } from '../refuses.ts';
import { route } from '../world.ts';

t.test('HTTPRoute: filters, on a rule and on a backend', async (t) => {
  const edit = (requestHeaderModifier: unknown): unknown => ({ type: 'RequestHeaderModifier', requestHeaderModifier });
  const cases: readonly [unknown[], string, RegExp][] = [
    [[{ type: 'RequestHeaderModifier' }], '[0].requestHeaderModifier', /required/],
    [
      [{ type: 'RequestHeaderModifier', requestHeaderModifier: {}, urlRewrite: {} }],
      '[0].urlRewrite',
      /does not belong/,
    ],
    [[edit({}), edit({})], '[1].type', /only once/],
    [
      [edit({ set: [{ name: 'Content-Length', value: '1' }] })],
      '[0].requestHeaderModifier.set[0].name',
      /frames or addresses/,
    ],
    [
      [edit({ add: [{ name: 'transfer-encoding', value: 'x' }] })],
      '[0].requestHeaderModifier.add[0].name',
      /frames or addresses/,
    ],
    [[edit({ remove: ['Host'] })], '[0].requestHeaderModifier.remove[0]', /frames or addresses/],
    [[edit({ set: [{ name: 'a', value: 'b\nc' }] })], '[0].requestHeaderModifier.set[0].value', /printable ASCII/],
    [[edit({ set: [{ name: 'a', value: ' b' }] })], '[0].requestHeaderModifier.set[0].value', /printable ASCII/],
    [
      [edit({ set: [{ name: 'a', value: 'b' }], remove: ['A'] })],
      '[0].requestHeaderModifier.remove[0]',
      /only one action/,
    ],
    [[edit({ set: many(17, (i) => ({ name: `h${i}`, value: 'x' })) })], '[0].requestHeaderModifier.set', /at most 16/],
    [[edit({ append: [] })], '[0].requestHeaderModifier.append', /unknown field/],
  ];
  for (const [filters, path, words] of cases) {
    refuses(t, route('r', [{ filters }]), `spec.rules[0].filters${path}`, words);
    refuses(
      t,
      route('r', [{ backendRefs: [{ name: 'b', port: 1, filters }] }]),
      `spec.rules[0].backendRefs[0].filters${path}`,
      words,
    );
  }
});
