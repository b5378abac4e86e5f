import t from 'tap';
import type { RedirectView } from '../../../../src/contract/route-views.ts';
import { compileRedirect, locationOf } from '../../../../src/proxy/policy/redirect.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';

interface Case {
  readonly redirect: Partial<RedirectView>;
  /** Default: /a/b?c. */
  readonly target?: string;
  /** Default: shop.example:8080; '' = none, in HTTP/1.0. */
  readonly host?: string;
  /** Port that was dialled; default 80. */
  readonly port?: number;
  readonly location: string;
}

const prefix = { type: 'ReplacePrefixMatch', prefix: '/a', value: '/z' } as const;
const CASES: readonly Case[] = [
  { redirect: { hostname: 'example.org' }, location: 'http://example.org/a/b?c' },
  // The port: its own, else that of the scheme, else that which was dialled; 80 and 443 are left out.
  { redirect: {}, port: 8080, location: 'http://shop.example:8080/a/b?c' },
  { redirect: {}, location: 'http://shop.example/a/b?c' },
  { redirect: {}, port: 443, location: 'http://shop.example:443/a/b?c' },
  { redirect: { hostname: 'example.org' }, port: 8080, location: 'http://example.org:8080/a/b?c' },
  { redirect: { port: 80 }, port: 8080, location: 'http://shop.example/a/b?c' },
  { redirect: { port: 443 }, location: 'http://shop.example:443/a/b?c' },
  { redirect: { port: 8083 }, location: 'http://shop.example:8083/a/b?c' },
  { redirect: { scheme: 'http' }, port: 8080, location: 'http://shop.example/a/b?c' },
  { redirect: { scheme: 'https' }, port: 8080, location: 'https://shop.example/a/b?c' },
  { redirect: { scheme: 'https', port: 443 }, location: 'https://shop.example/a/b?c' },
  { redirect: { scheme: 'https', port: 80 }, location: 'https://shop.example:80/a/b?c' },
  { redirect: { scheme: 'https', port: 8443 }, location: 'https://shop.example:8443/a/b?c' },
  { redirect: { scheme: 'http', port: 443 }, location: 'http://shop.example:443/a/b?c' },
  // The path, and the query that stays.
  { redirect: { path: { type: 'ReplaceFullPath', value: '/x' } }, location: 'http://shop.example/x?c' },
  { redirect: { path: prefix }, location: 'http://shop.example/z/b?c' },
  { redirect: { path: prefix }, target: '/a', location: 'http://shop.example/z' },
  { redirect: {}, target: '/', location: 'http://shop.example/' },
  { redirect: {}, target: '/a%2Fb?x=%20', location: 'http://shop.example/a%2Fb?x=%20' },
  { redirect: {}, target: '//evil.example/x', location: 'http://shop.example//evil.example/x' },
  { redirect: {}, target: 'http://named.example/x?y', location: 'http://named.example/x?y' },
  { redirect: {}, target: 'http://named.example', location: 'http://named.example/' },
  // The host.
  { redirect: {}, host: '[::1]:99', location: 'http://[::1]/a/b?c' },
  { redirect: {}, host: 'shop.example', location: 'http://shop.example/a/b?c' },
  { redirect: {}, host: '', port: 81, location: 'http://orders.shop:81/a/b?c' },
];

for (const { redirect, target = '/a/b?c', host = 'shop.example:8080', port = 80, location } of CASES) {
  t.test(`${JSON.stringify(redirect)} of ${target} at ${host}, port ${port}`, (t) => {
    const compiled = compileRedirect({ type: 'redirect', status: 302, ...redirect });
    const fields = host === '' ? '1.0\r\n' : `1.1\r\nHost: ${host}\r\n`;
    const head = parseRequest(`GET ${target} HTTP/${fields}\r\n`);
    t.equal(locationOf(compiled, { host: 'orders.shop', port }, head, bytes), location);
    t.equal(compiled.status, 302);
    t.end();
  });
}

t.test('OPTIONS * has no path', (t) => {
  const compiled = compileRedirect({ type: 'redirect', status: 308 });
  const head = parseRequest('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n');
  t.equal(locationOf(compiled, { host: 'orders.shop', port: 80 }, head, bytes), 'http://x/');
  t.end();
});
