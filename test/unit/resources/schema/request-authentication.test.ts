import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, requestAuthentication, specOf } from '../world.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const JWKS = JSON.stringify({ keys: [KEY] });
const DEFAULTS = {
  audiences: [],
  fromHeaders: [],
  fromParams: [],
  fromCookies: [],
  outputClaimToHeaders: [],
  forwardOriginalToken: false,
  timeout: '5s',
  spaceDelimitedClaims: [],
};
const FULL = {
  issuer: 'https://id.example',
  audiences: ['cart'],
  jwksUri: 'https://id.example/jwks',
  fromHeaders: [{ name: 'x-token', prefix: 'JWT ' }],
  fromParams: ['token'],
  fromCookies: ['session'],
  outputPayloadToHeader: 'x-claims',
  outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
  forwardOriginalToken: true,
  timeout: '2s',
  spaceDelimitedClaims: ['roles'],
};

t.test('RequestAuthentication: every field as Istio writes it', async (t) => {
  t.same(specOf(requestAuthentication('r', [FULL])), { jwtRules: [FULL] });
  t.same(specOf(requestAuthentication('r', [{ issuer: 'me', jwks: JWKS }])), {
    jwtRules: [{ issuer: 'me', jwks: JWKS, ...DEFAULTS }],
  });
  t.same(problemsOf(requestAuthentication('r', [{ issuer: 'https://id.example' }])), [], 'discovery');
  t.same(problemsOf(requestAuthentication('r', undefined)), []);
});

t.test('RequestAuthentication: every class of refused field', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{}, 'issuer', /required/],
    [{ issuer: 'me' }, 'issuer', /say where its keys are/],
    [{ issuer: 'me', jwks: JWKS, jwksUri: 'https://x/y' }, 'jwksUri', /exclude each other/],
    [{ issuer: 'me', jwksUri: 'file:///etc/passwd' }, 'jwksUri', /http or https/],
    [{ issuer: 'me', jwks: '{' }, 'jwks', /not JSON/],
    [{ issuer: 'me', jwks: JSON.stringify({ keys: [{ kty: 'oct', k: 'x' }] }) }, 'jwks', /symmetric key/],
    [{ issuer: 'me', jwks: JWKS, fromHeaders: [{ name: 'a b' }] }, 'fromHeaders[0].name', /header name/],
    [{ issuer: 'me', jwks: JWKS, outputPayloadToHeader: 'Content-Length' }, 'outputPayloadToHeader', /cannot hold/],
    [{ issuer: 'me', jwks: JWKS, timeout: '0s' }, 'timeout', /from 100ms/],
    [{ issuer: 'me', jwks: JWKS, audience: 'x' }, 'audience', /did you mean "audiences"/],
  ];
  for (const [rule, path, words] of cases)
    refuses(t, requestAuthentication('r', [rule]), `spec.jwtRules[0].${path}`, words);
  const twice = [FULL, FULL];
  refuses(t, requestAuthentication('r', twice), 'spec.jwtRules[1]', /repeats/);
});
