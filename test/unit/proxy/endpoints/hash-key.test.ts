import t from 'tap';
import type { HashView } from '../../../../src/contract/cluster-views.ts';
import { hashText } from '../../../../src/proxy/endpoints/hash-bytes.ts';
import { keyOfAddress, keyOfRequest, keyOfText, planHash } from '../../../../src/proxy/endpoints/hash-key.ts';
import { NO_KEY } from '../../../../src/proxy/endpoints/pick-context.ts';
import { address } from '../../../helpers/proxy-rig.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';

const client = address('192.0.2.1', 5);

function keyOf(view: HashView, target: string, fields = ''): number {
  return keyOfRequest(
    planHash(view),
    client,
    parseRequest(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`),
    bytes,
  );
}

const header: HashView = { type: 'Header', name: 'X-User' };
const cookie: HashView = { type: 'Cookie', name: 'sid' };
const query: HashView = { type: 'QueryParam', name: 'u' };

for (const [what, view, target, fields, wanted] of [
  ['a header, whatever the case of its name', header, '/', 'x-USER: bob\r\n', 'bob'],
  ['the first of several', header, '/', 'X-User: bob\r\nX-User: al\r\n', 'bob'],
  ['no header', header, '/', '', null],
  ['an empty header', header, '/', 'X-User:\r\n', null],
  ['a cookie', cookie, '/', 'Cookie: a=b; sid=bob\r\n', 'bob'],
  ['no cookie', cookie, '/', 'Cookie: a=b\r\n', null],
  ['a parameter', query, '/x?a=1&u=bob&u=al', '', 'bob'],
  ['a parameter at the end', query, '/x?u=bob', '', 'bob'],
  ['an empty parameter', query, '/x?u=&a=1', '', null],
  ['another parameter', query, '/x?uu=bob&xu=bob&u', '', null],
  ['no query', query, '/u=bob', '', null],
] as const) {
  t.test(what, async (t) => {
    t.equal(keyOf(view, target, fields), wanted === null ? NO_KEY : hashText(wanted));
  });
}

t.test('the client counts by its address alone, IPv4 or IPv6', async (t) => {
  t.equal(keyOf({ type: 'SourceIP' }, '/'), keyOfAddress(client));
  t.equal(keyOfAddress(address('192.0.2.1', 9)), keyOfAddress(client));
  const all = ['192.0.2.1', '192.0.2.2', 'fd00::1', 'fd00::2', 'fd00:0:0:1::1'].map((ip) =>
    keyOfAddress(address(ip, 1)),
  );
  t.equal(new Set(all).size, all.length);
  t.ok(all.every((key) => key >= 0 && key <= 0x7fffffff));
  t.equal(keyOfAddress(null), NO_KEY);
});

t.test('a cookie that was just made has the key that it will have when it comes back', async (t) => {
  t.equal(keyOfText('0123456789abcdef'), keyOf(cookie, '/', 'Cookie: sid=0123456789abcdef\r\n'));
});
