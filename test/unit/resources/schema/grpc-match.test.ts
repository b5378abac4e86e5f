import t from 'tap';
import { decodeResource } from '../../../../src/resources/index.ts';
import { many, problemsOf, refuses } from '../refuses.ts';
import { grpcRoute, type Manifest } from '../world.ts';

const matching = (match: Manifest): Manifest => grpcRoute('r', [{ matches: [match] }]);

t.test('GRPCRoute: every class of refused match', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ method: {} }, 'method', /one of service and method/],
    [{ method: { service: 'a..B' } }, 'method.service', /a name such as shop\.v1\.Orders/],
    [{ method: { service: 'a/B' } }, 'method.service', /a name such as/],
    [{ method: { service: '' } }, 'method.service', /at least 1/],
    [{ method: { method: 'Get.Order' } }, 'method.method', /a name such as GetOrder/],
    [{ method: { method: '1st' } }, 'method.method', /a name such as GetOrder/],
    [{ method: { type: 'Prefix', service: 'a' } }, 'method.type', /must be one of/],
    [{ method: { type: 'RegularExpression', service: '(' } }, 'method.service', /not a regular expression/],
    [{ method: { name: 'x' } }, 'method.name', /unknown field/],
    [{ path: { value: '/x' } }, 'path', /unknown field/],
    [{ headers: [{ name: 'a', value: '' }] }, 'headers[0].value', /at least 1/],
    [{ headers: many(17, (i) => ({ name: `h${i}`, value: 'x' })) }, 'headers', /at most 16/],
    [
      { method: { type: 'RegularExpression', service: 'a'.repeat(600), method: 'b'.repeat(600) } },
      'method',
      /more than 1024 characters/,
    ],
  ];
  for (const [match, path, words] of cases) refuses(t, matching(match), `spec.rules[0].matches[0].${path}`, words);
  const bad = matching({ method: { type: 'RegularExpression', method: '[' } });
  t.match(decodeResource(bad, ''), { ok: false, error: [{ code: 'TWP0122' }] });
});

t.test('GRPCRoute: matches that are taken', async (t) => {
  const good: Manifest[] = [
    {},
    { method: { service: '.google.rpc.Status_2' } },
    { method: { method: '_Get' } },
    { method: { type: 'RegularExpression', service: 'shop\\.(?:a|b)' } },
    { headers: [{ name: 'x-a', value: 'v.', type: 'RegularExpression' }] },
  ];
  for (const match of good) t.same(problemsOf(matching(match)), []);
});
