/** URL rewrites over real connections, in every pair of protocols (Gateway API HTTPURLRewriteFilter). */
import t from 'tap';
import { check } from './support/http2-rig.ts';
import { forEachPair, routeRig, rule } from './support/route-rig.ts';

forEachPair(t, 'host and path are rewritten, the query and everything else stay', async (t, client, server) => {
  const rewrite = {
    hostname: 'other.example',
    path: { type: 'ReplacePrefixMatch', prefix: '/shop', value: '/v2' },
  } as const;
  const { rig, got, ask } = await routeRig(client, server, rule({ rewrite }, '/shop'));
  for (const path of ['/shop/a%2Fb?x=1&y=%20', '/shop', '/shop?q']) {
    t.equal((await ask({ ':path': path, ':authority': 'orders:80', 'x-kept': 'k' })).body, 'ok');
  }
  t.same(
    got.map((request) => [request[':path'], request[':authority'], request['x-kept']]),
    [
      ['/v2/a%2Fb?x=1&y=%20', 'other.example', 'k'],
      ['/v2', 'other.example', 'k'],
      ['/v2?q', 'other.example', 'k'],
    ],
  );
  await check(t, rig);
});

forEachPair(t, 'a whole path is replaced, together with header edits', async (t, client, server) => {
  const edits = { set: [{ name: 'x-set', value: '1' }], add: [], remove: ['x-gone'] };
  const rewrite = { path: { type: 'ReplaceFullPath', value: '/only' } } as const;
  const { rig, got, ask } = await routeRig(client, server, rule({ rewrite, requestHeaders: edits }));
  await ask({ ':path': '/a/b/c?d', 'x-gone': 'x' });
  t.match(got[0], { ':path': '/only?d', ':authority': 'orders', 'x-set': '1' });
  t.equal(got[0]['x-gone'], undefined);
  await check(t, rig);
});

forEachPair(t, 'a backend may rewrite on its own', async (t, client, server) => {
  const backend = (path: string) => ({
    cluster: 'shop/orders:80',
    weight: 1,
    requestHeaders: null,
    rewrite: { hostname: path, path: { type: 'ReplaceFullPath', value: `/${path}` } } as const,
  });
  const { rig, got, ask } = await routeRig(client, server, rule({ backends: [backend('one'), backend('two')] }));
  for (let i = 0; i < 40; i++) await ask({ ':path': '/a' });
  const seen = new Set(got.map((request) => `${request[':path']} ${request[':authority']}`));
  t.same([...seen].sort(), ['/one one', '/two two']);
  await check(t, rig);
});

t.test('a target in absolute form loses the authority that a rewrite overrules', async (t) => {
  const rewrite = { hostname: 'other' };
  const { rig, got } = await routeRig('http1', 'http1', rule({ rewrite }));
  const client = await rig.client();
  for (const [target, path] of [
    ['http://orders/a?b', '/a?b'],
    ['http://orders', '/'],
  ]) {
    client.clear();
    client.send(`GET ${target} HTTP/1.1\r\nHost: orders\r\n\r\n`);
    await rig.until(() => client.text.endsWith('ok'), 'the answer');
    t.match(got.at(-1), { ':path': path, ':authority': 'other' });
  }
  await check(t, rig);
});
