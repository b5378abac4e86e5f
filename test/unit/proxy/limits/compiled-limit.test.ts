import t from 'tap';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import { MessageHead } from '../../../../src/proxy/codec/message-head.ts';
import {
  appliesTo,
  bucketKey,
  callerOf,
  compileLimit,
  type LimitedRequest,
  limitOf,
} from '../../../../src/proxy/limits/compiled-limit.ts';
import { address } from '../../../helpers/proxy-rig.ts';

const RULE: LimitRuleView = {
  id: 'shop/p/local/0@shop/orders',
  service: 'shop/orders',
  scope: 'local',
  by: [],
  limit: { requests: 5, windowMs: 1_000 },
};

/** A request with that method, path and fields. */
function request(
  method: string,
  path: string,
  fields: Record<string, string> = {},
  more: Partial<LimitedRequest> = {},
) {
  const bytes = Buffer.alloc(4096);
  let at = 0;
  const put = (text: string): [number, number] => {
    const from = at;
    at += bytes.write(text, at, 'latin1');
    return [from, text.length];
  };
  const names = Object.keys(fields);
  const numbers = () => new Int32Array(names.length + 1);
  const head = new MessageHead(numbers(), numbers(), numbers(), numbers());
  [head.methodAt, head.methodLength] = put(method);
  [head.pathAt, head.pathLength] = put(path);
  for (const [i, name] of names.entries()) {
    [head.nameAt[i], head.nameLength[i]] = put(name);
    [head.valueAt[i], head.valueLength[i]] = put(fields[name] ?? '');
  }
  head.fieldCount = names.length;
  return { client: address('10.1.2.3', 4000), peerPrincipal: null, head, bytes, ...more };
}

t.test('which requests a rule counts', async (t) => {
  const entry = {
    path: { type: 'PathPrefix', value: '/api' },
    method: null,
    headers: [],
    query: [],
    action: 0,
  } as const;
  const cases: readonly [Partial<LimitRuleView>, LimitedRequest, boolean][] = [
    [{}, request('GET', '/'), true],
    [{ match: [entry] }, request('GET', '/api/x'), true],
    [{ match: [entry] }, request('GET', '/apix'), false],
    [
      {
        match: [
          { ...entry, method: 'PUT' },
          { ...entry, method: 'POST' },
        ],
      },
      request('POST', '/api'),
      true,
    ],
    [
      {
        match: [
          { ...entry, method: 'PUT' },
          { ...entry, method: 'POST' },
        ],
      },
      request('GET', '/api'),
      false,
    ],
    [
      { match: [{ ...entry, headers: [{ name: 'x-tier', value: 'free' }] }] },
      request('GET', '/api', { 'X-Tier': 'free' }),
      true,
    ],
    [
      { match: [{ ...entry, headers: [{ name: 'x-tier', value: 'free' }] }] },
      request('GET', '/api', { 'X-Tier': 'paid' }),
      false,
    ],
    [{ sources: '10.0.0.0/8' }, request('GET', '/'), true],
    [{ sources: '10.1.2.3/32' }, request('GET', '/'), true],
    [{ sources: '10.1.2.4/32' }, request('GET', '/'), false],
    [{ sources: 'fd00::/8' }, request('GET', '/'), false],
    [{ sources: 'fd00:1::/32' }, request('GET', '/', {}, { client: address('fd00:1:2::3', 1) }), true],
    [{ sources: 'fd00:1::/32' }, request('GET', '/', {}, { client: address('fd00:2::3', 1) }), false],
    [{ sources: '10.0.0.0/8' }, request('GET', '/', {}, { client: null }), false],
  ];
  for (const [rule, asked, applies] of cases)
    t.equal(appliesTo(compileLimit({ ...RULE, ...rule }), asked), applies, JSON.stringify(rule));
});

t.test('who the caller is: the proved identity, the header, the address', async (t) => {
  const rule = compileLimit({ ...RULE, by: [{ type: 'caller' }], callerHeader: 'x-caller' });
  const of = (asked: LimitedRequest) => callerOf(rule, asked);
  const peerPrincipal = 'cluster.local/ns/shop/sa/web';
  t.same(of(request('GET', '/', { 'x-caller': 'me' }, { peerPrincipal })), {
    name: peerPrincipal,
    key: `mtls:${peerPrincipal}`,
  });
  t.same(of(request('GET', '/', { 'x-caller': 'me' })), { name: 'me', key: 'header:me' });
  t.same(of(request('GET', '/')), { name: '10.1.2.3', key: 'address:10.1.2.3' });
  t.same(callerOf(compileLimit(RULE), request('GET', '/')), { name: '', key: '' }, 'a rule that does not ask');
  const spoofed = of(request('GET', '/', { 'x-caller': peerPrincipal }));
  t.not(spoofed.key, `mtls:${peerPrincipal}`, 'a header cannot use up what belongs to an identity');
});

t.test('what has a bucket of its own', async (t) => {
  const key = (by: LimitRuleView['by'], asked: LimitedRequest): string => {
    const rule = compileLimit({ ...RULE, by });
    return bucketKey(rule, callerOf(rule, asked), asked);
  };
  t.equal(key([], request('GET', '/')), '');
  t.equal(key([{ type: 'address' }], request('GET', '/')), 'source=10.1.2.3');
  t.equal(key([{ type: 'header', name: 'x-user' }], request('GET', '/', { 'X-User': 'ann' })), 'x-user=ann');
  t.equal(key([{ type: 'header', name: 'x-user' }], request('GET', '/')), 'x-user=', 'those without it share one');
  t.equal(
    key([{ type: 'caller' }, { type: 'header', name: 'x-user' }], request('GET', '/', { 'x-user': 'ann' })),
    'address:10.1.2.3 x-user=ann',
  );
  const long = key([{ type: 'header', name: 'x-user' }], request('GET', '/', { 'x-user': 'a'.repeat(3_000) }));
  t.ok(long.length < 200, 'long values are shortened');
  t.not(long, key([{ type: 'header', name: 'x-user' }], request('GET', '/', { 'x-user': 'a'.repeat(3_001) })));
  t.match(key([{ type: 'header', name: 'x-user' }], request('GET', '/', { 'x-user': 'a\x01' })), /^x-user=a\?#/);
});

t.test('the limit of a caller', async (t) => {
  const overrides = [
    { callers: ['shop/web'], limit: { requests: 9, windowMs: 1_000 } },
    { callers: ['*/sa/batch', '10.*'], limit: { requests: 1, windowMs: 1_000 } },
  ];
  const rule = compileLimit({ ...RULE, by: [{ type: 'caller' }], overrides });
  const requests = (name: string): number => limitOf(rule, { name, key: name }).requests;
  t.equal(requests('cluster.local/ns/shop/sa/web'), 9);
  t.equal(requests('shop/web'), 9);
  t.equal(requests('td/ns/x/sa/batch'), 1);
  t.equal(requests('10.0.0.9'), 1);
  t.equal(requests('shop/webshop'), 5);
  for (let i = 0; i < 3_000; i++) requests(`caller-${i}`);
  t.equal(rule.known.size <= 1_024, true, 'what is remembered is bounded');
});
