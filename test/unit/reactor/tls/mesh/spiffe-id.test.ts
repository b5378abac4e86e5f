import t from 'tap';
import { isTrustDomain, parseSpiffeId, principalOf } from '../../../../../src/reactor/tls/mesh/spiffe-id.ts';

t.test('ids that are well formed', async (t) => {
  const good: readonly (readonly [string, string, string])[] = [
    ['spiffe://mesh.example/ns/shop/sa/orders', 'mesh.example', '/ns/shop/sa/orders'],
    ['spiffe://mesh/a', 'mesh', '/a'],
    ['spiffe://a-b_c.1/A.b-c_D', 'a-b_c.1', '/A.b-c_D'],
    ['spiffe://mesh/...', 'mesh', '/...'],
    ['spiffe://mesh', 'mesh', ''],
    [`spiffe://${'a'.repeat(255)}/x`, 'a'.repeat(255), '/x'],
    [`spiffe://mesh/${'x'.repeat(2048 - 14)}`, 'mesh', `/${'x'.repeat(2048 - 14)}`],
  ];
  for (const [text, trustDomain, path] of good) {
    t.same(parseSpiffeId(text), { ok: true, value: { trustDomain, path } }, text.slice(0, 60));
  }
});

t.test('ids that are not, by what is wrong', async (t) => {
  const bad: readonly (readonly [string, string])[] = [
    ['', 'scheme'],
    ['https://mesh/a', 'scheme'],
    ['SPIFFE://mesh/a', 'scheme'],
    ['spiffe:/mesh/a', 'scheme'],
    [' spiffe://mesh/a', 'scheme'],
    ['spiffe://', 'trust-domain'],
    ['spiffe:///a', 'trust-domain'],
    ['spiffe://Mesh/a', 'trust-domain'],
    ['spiffe://mesh:443/a', 'trust-domain'],
    ['spiffe://user@mesh/a', 'trust-domain'],
    ['spiffe://mesh?x=/a', 'trust-domain'],
    ['spiffe://m%65sh/a', 'trust-domain'],
    ['spiffe://mesh\n/a', 'trust-domain'],
    [`spiffe://${'a'.repeat(256)}/x`, 'trust-domain'],
    ['spiffe://mesh/', 'path'],
    ['spiffe://mesh/a/', 'path'],
    ['spiffe://mesh//a', 'path'],
    ['spiffe://mesh/a//b', 'path'],
    ['spiffe://mesh/./a', 'path'],
    ['spiffe://mesh/a/../b', 'path'],
    ['spiffe://mesh/a?b', 'path'],
    ['spiffe://mesh/a#b', 'path'],
    ['spiffe://mesh/%61', 'path'],
    ['spiffe://mesh/a b', 'path'],
    ['spiffe://mesh/a\0b', 'path'],
    ['spiffe://mesh/\u00e4', 'path'],
    [`spiffe://mesh/${'x'.repeat(2048)}`, 'length'],
  ];
  for (const [text, error] of bad) t.same(parseSpiffeId(text), { ok: false, error }, JSON.stringify(text.slice(0, 60)));
});

t.test('how policies name ids, and what a trust domain is', async (t) => {
  t.equal(principalOf('spiffe://mesh.example/ns/shop/sa/orders'), 'mesh.example/ns/shop/sa/orders');
  t.equal(isTrustDomain('mesh.example'), true);
  for (const text of ['', 'Mesh', 'a/b', 'a b']) t.equal(isTrustDomain(text), false, text);
});
