import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { fetchKeys } from '../../../../src/agent/tokens/fetch-keys.ts';
import { FollowedKeys } from '../../../../src/agent/tokens/followed-keys.ts';
import type { HostView } from '../../../../src/contract/host-view.ts';
import type { PublicJwk } from '../../../../src/core/json-web-keys.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { makeKey } from '../../../helpers/make-token.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

const { jwk } = makeKey('ES256', 'k');
const answers = new Map<string, string>([
  ['/keys', JSON.stringify({ keys: [jwk] })],
  ['/private', JSON.stringify({ keys: [{ ...jwk, d: 'x' }] })],
  ['/large', ' '.repeat(300 * 1024)],
  ['/bad-discovery', '{}'],
]);
const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (path === '/redirect') return response.writeHead(302, { location: '/keys' }).end();
  if (path === '/slow') return undefined;
  const text = answers.get(path);
  return text === undefined ? response.writeHead(404).end() : response.end(text);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
t.teardown(() => server.closeAllConnections());
t.teardown(() => server.close());
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
answers.set('/.well-known/openid-configuration', JSON.stringify({ jwks_uri: `${base}/keys` }));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const get = (path: string, type: 'jwks' | 'issuer' = 'jwks') => fetchKeys({ type, url: base + path, timeoutMs: 300 });

t.test('keys are fetched, or found by discovery', async (t) => {
  t.same(await get('/keys'), [jwk]);
  t.same(await get('/.well-known/openid-configuration', 'issuer'), [jwk]);
});

t.test('what is not taken', async (t) => {
  for (const [path, words] of [
    ['/none', /answers 404/],
    ['/private', /private or symmetric/],
    ['/large', /more than 256 KiB/],
    ['/redirect', /./],
    ['/slow', /./],
  ] as const)
    await t.rejects(get(path), { message: words }, path);
  await t.rejects(get('/bad-discovery', 'issuer'), { message: /names no jwks_uri/ });
});

function view(...urls: string[]): HostView {
  const rule = {
    policy: 'shop/r',
    issuer: 'i',
    audiences: [],
    fromHeaders: [],
    fromParams: [],
    fromCookies: [],
    outputPayloadToHeader: '',
    outputClaimToHeaders: [],
    forwardsToken: false,
    spaceDelimitedClaims: [],
  };
  const rules = urls.map((url) => ({ ...rule, keys: { type: 'jwks', url, timeoutMs: 100 } as const }));
  return { version: exampleVersion(1), workloads: [], jwtRules: [[...rules, { ...rule, keys: [jwk] }]] };
}

t.test('the issuers of the view are followed, each once, and told when their keys are new', async (t) => {
  const told: string[] = [];
  const asked: string[] = [];
  const { logger, lines } = recordingLogger();
  const fetch = async ({ url }: { url: string }): Promise<readonly PublicJwk[]> => {
    asked.push(url);
    if (url === 'http://bad') throw new Error('away');
    return [jwk];
  };
  const followed = new FollowedKeys(fetch, async (url) => void told.push(url), logger);
  t.teardown(() => followed.stop());
  followed.follow(view('http://a', 'http://a', 'http://bad'));
  followed.follow(view('http://a', 'http://bad'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(asked, ['http://a', 'http://bad']);
  t.same(told, ['http://a']);
  t.match(lines, [{ level: 'warn', message: /refused until then/ }]);
  followed.follow(view());
  followed.follow(view('http://a'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(told, ['http://a', 'http://a'], 'one that comes back is asked anew');
});

t.test(
  'an unknown key: fetched anew at once, but not again and again, and never for an issuer that no policy names',
  async (t) => {
    const asked: string[] = [];
    const fetch = async ({ url }: { url: string }): Promise<readonly PublicJwk[]> => {
      asked.push(url);
      return [jwk];
    };
    const followed = new FollowedKeys(fetch, async () => {}, recordingLogger().logger, 40);
    t.teardown(() => followed.stop());
    followed.follow(view('http://a'));
    await pause(60);
    for (let i = 0; i < 100; i++) followed.refresh('http://a');
    await pause(1);
    for (let i = 0; i < 100; i++) followed.refresh('http://a');
    followed.refresh('http://b');
    t.same(asked, ['http://a', 'http://a'], 'the first fetch, and one more');
    await pause(60);
    followed.refresh('http://a');
    t.equal(asked.length, 3, 'after the pause again');
  },
);
