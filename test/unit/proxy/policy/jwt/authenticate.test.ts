import { createPublicKey, type webcrypto } from 'node:crypto';
import t from 'tap';
import type { JwtRuleView } from '../../../../../src/contract/jwt-views.ts';
import { HeadParser } from '../../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../../src/proxy/codec/http1/llhttp.ts';
import { type Authentication, Authenticator } from '../../../../../src/proxy/policy/jwt/authenticate.ts';
import { claimsProblem } from '../../../../../src/proxy/policy/jwt/check-claims.ts';
import { findTokens } from '../../../../../src/proxy/policy/jwt/find-tokens.ts';
import { parseToken } from '../../../../../src/proxy/policy/jwt/parse-token.ts';
import { hasRepeatedMembers } from '../../../../../src/proxy/policy/jwt/repeated-members.ts';
import { claimTexts } from '../../../../../src/proxy/policy/jwt/verified-token.ts';
import { importKeys, signatureProblem } from '../../../../../src/proxy/policy/jwt/verify-signature.ts';
import { hmacToken, makeKey, makeToken } from '../../../../helpers/make-token.ts';

const NOW = 1_800_000_000;
const llhttp = createLlhttp({ slabBytes: 65_536, parsers: 1 });
const parser = new HeadParser(llhttp);
const rsa = makeKey('RS256', 'one');
const other = makeKey('RS256', 'two');
const CLAIMS = { iss: 'https://id.example', sub: 'user', aud: 'orders', exp: NOW + 60 };

function rule(more: Partial<JwtRuleView> = {}): JwtRuleView {
  return {
    policy: 'shop/r',
    issuer: 'https://id.example',
    audiences: ['orders'],
    keys: [],
    fromHeaders: [],
    fromParams: [],
    fromCookies: [],
    outputPayloadToHeader: '',
    outputClaimToHeaders: [],
    forwardsToken: false,
    spaceDelimitedClaims: ['scope'],
    ...more,
  };
}

function head(fields: string, target = '/'): void {
  const text = `GET ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
  const length = llhttp.bytes.write(text, llhttp.slabStart, 'latin1');
  if (parser.parseRequest(llhttp.slabStart, length) <= 0) throw new Error('refused');
}

const wanted: string[] = [];
const keys = importKeys([rsa.jwk]);
const authenticator = (...views: JwtRuleView[]) =>
  new Authenticator(views.map((view) => ({ view, keys, wantKeys: (url) => wanted.push(url) })));
function authenticate(fields: string, target = '/', by = authenticator(rule()), now = NOW): Authentication {
  head(fields, target);
  return by.authenticate(parser.head, llhttp.bytes, now);
}
const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;
const GOOD = makeToken(rsa, CLAIMS, { kid: 'one' });

t.test('no token is nobody; a good one says who asks', async (t) => {
  t.match(authenticate(''), { type: 'anonymous' });
  t.match(authenticate('Authorization: Basic eDp5\r\n'), { type: 'anonymous' });
  t.match(authenticate(bearer(GOOD)), {
    type: 'known',
    token: { principal: 'https://id.example/user', audiences: ['orders'] },
  });
  t.match(authenticate(`authorization: bearer ${GOOD}\r\n`), { type: 'known' });
  t.match(authenticate('', `/?access_token=${GOOD}`), { type: 'known' });
});

t.test('every algorithm, and the example of RFC 7515 A.3', async (t) => {
  for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    const key = makeKey(algorithm);
    const parsed = parseToken(makeToken(key, CLAIMS));
    if (!parsed.ok) throw new Error(parsed.error);
    t.equal(signatureProblem(parsed.value, importKeys([key.jwk])), null, algorithm);
    t.equal(signatureProblem(parsed.value, importKeys([makeKey(algorithm).jwk])), 'Jwt verification fails', algorithm);
  }
  const jws =
    'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  } as const;
  const parsed = parseToken(jws);
  t.equal(parsed.ok ? signatureProblem(parsed.value, importKeys([jwk])) : parsed.error, null);
});

t.test('what must be refused', async (t) => {
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(CLAIMS)).toString('base64url')}.`;
  const pem = createPublicKey({ key: { ...rsa.jwk } as webcrypto.JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  const [first = '', second = '', third = ''] = GOOD.split('.');
  const claims = (more: object): string => makeToken(rsa, { ...CLAIMS, ...more });
  const cases: readonly [string, string, RegExp][] = [
    ['alg none', none, /not in the form/],
    ['alg none with a signature', `${none}AAAA`, /\[alg\] is not supported/],
    ['HMAC with the public key', hmacToken(pem, CLAIMS), /\[alg\] is not supported/],
    ['wrong issuer', claims({ iss: 'https://evil.example' }), /issuer is not configured/],
    ['no issuer', claims({ iss: undefined }), /issuer is not configured/],
    ['wrong audience', claims({ aud: 'pay' }), /Audiences/],
    ['no audience', claims({ aud: undefined }), /Audiences/],
    ['strange audience', claims({ aud: { orders: 1 } }), /\[aud\]/],
    ['expired', claims({ exp: NOW - 6 }), /is expired/],
    ['exp is a text', claims({ exp: String(NOW + 60) }), /\[exp\]/],
    ['not yet valid', claims({ nbf: NOW + 6 }), /not yet valid/],
    ['unknown kid', makeToken(other, CLAIMS, { kid: 'two' }), /doesn't have key/],
    ['another key under that kid', makeToken(other, CLAIMS, { kid: 'one' }), /verification fails/],
    ['another key type', makeToken(makeKey('ES256'), CLAIMS), /doesn't have key/],
    ['crit', makeToken(rsa, CLAIMS, { crit: ['x'], x: 1 }), /\[crit\]/],
    ['b64', makeToken(rsa, CLAIMS, { b64: false }), /\[crit\]/],
    ['two sections', `${first}.${second}`, /not in the form/],
    ['four sections', `${GOOD}.x`, /not in the form/],
    ['padding', `${first}=.${second}.${third}`, /header is an invalid JSON/],
    ['not base64url', `${first}.${second}.${third.slice(0, -1)}+`, /signature is an invalid/],
    ['blanks inside', `${first}. ${second}.${third}`, /payload is an invalid JSON/],
    ['header is no object', makeToken(rsa, CLAIMS, '[]'), /header is an invalid JSON/],
    ['payload is no object', makeToken(rsa, '"x"'), /payload is an invalid JSON/],
    [
      'members twice in the header',
      makeToken(rsa, CLAIMS, '{"alg":"none","alg":"RS256"}'),
      /header is an invalid JSON/,
    ],
    [
      'members twice in the payload',
      makeToken(rsa, `{"iss":"a","i\\u0073s":"https://id.example"}`),
      /payload is an invalid/,
    ],
    [
      'changed payload',
      `${first}.${Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'admin' })).toString('base64url')}.${third}`,
      /verification fails/,
    ],
    ['too large', claims({ x: 'x'.repeat(8_192) }), /too large/],
    ['empty', '', /not in the form/],
  ];
  for (const [what, token, reason] of cases) {
    const found = authenticate(bearer(token === '' ? '.' : token));
    t.match(found, { type: 'refused', reason }, what);
  }
  t.match(authenticate(bearer(claims({ exp: NOW - 4 }))), { type: 'known' }, 'clocks differ a little');
});

t.test('two tokens are refused, wherever they are', async (t) => {
  const second = makeToken(rsa, { ...CLAIMS, sub: 'other' });
  t.match(authenticate(bearer(GOOD) + bearer(GOOD)), { type: 'refused', reason: 'more than one Jwt' });
  t.match(authenticate(bearer(GOOD), `/?access_token=${second}`), { type: 'refused' });
  t.match(authenticate('', `/?access_token=${GOOD}&access_token=${second}`), { type: 'refused' });
});

t.test('places that a rule names, and no others', async (t) => {
  const places = rule({ fromHeaders: [{ name: 'X-Token', prefix: 'JWT ' }], fromParams: ['t'], fromCookies: ['s'] });
  const by = authenticator(places);
  t.match(authenticate(`x-token: JWT ${GOOD}\r\n`, '/', by), { type: 'known' });
  t.match(authenticate('', `/?t=${GOOD}`, by), { type: 'known' });
  t.match(authenticate(`Cookie: a=b; s=${GOOD}\r\n`, '/', by), { type: 'known' });
  t.match(authenticate(bearer(GOOD), '/', by), { type: 'anonymous' });
  t.match(authenticate(`x-token: ${GOOD}\r\n`, '/', by), { type: 'anonymous' }, 'without its prefix');
  head(`x-token: JWT ${GOOD}\r\n`);
  t.same(findTokens(places, parser.head, llhttp.bytes), [{ text: GOOD, header: 'x-token' }]);
});

t.test('several issuers: each token is checked by its own rule', async (t) => {
  const by = authenticator(rule({ issuer: 'https://a.example' }), rule());
  t.match(authenticate(bearer(GOOD), '/', by), { type: 'known' });
  const none = new Authenticator([{ view: rule(), keys: null, wantKeys: () => {} }]);
  t.match(authenticate(bearer(GOOD), '/', none), { type: 'refused', reason: 'Jwks remote fetch is failed' });
});

t.test(
  'a token that names an unknown key wants the keys of its issuer, if they are published and it is good otherwise',
  async (t) => {
    const published = rule({ keys: { type: 'jwks', url: 'https://keys.example', timeoutMs: 100 } });
    const by = authenticator(published);
    t.match(authenticate(bearer(GOOD), '/', by), { type: 'known' });
    const stranger = (claims: object) => bearer(makeToken(rsa, claims, { kid: 'new' }));
    for (const [claims, expected] of [
      [{ ...CLAIMS, exp: 1 }, []],
      [{ ...CLAIMS, iss: 'https://else.example' }, []],
      [CLAIMS, ['https://keys.example']],
    ] as const) {
      t.match(authenticate(stranger(claims), '/', by), { type: 'refused' });
      t.same(wanted.splice(0), expected);
    }
    authenticate(stranger(CLAIMS), '/', authenticator(rule()));
    t.same(wanted, [], 'keys that are written in the policy do not change');
  },
);

t.test('a token is remembered no longer than it is good', async (t) => {
  const by = authenticator(rule());
  t.match(authenticate(bearer(GOOD), '/', by), { type: 'known' });
  t.equal(authenticate(bearer(GOOD), '/', by), authenticate(bearer(GOOD), '/', by), 'the same answer');
  t.match(authenticate(bearer(GOOD), '/', by, NOW + 66), { type: 'refused', reason: 'Jwt is expired' });
});

t.test('what the program gets: claims as headers, never those of the client, and no token', async (t) => {
  const view = rule({
    outputPayloadToHeader: 'x-claims',
    outputClaimToHeaders: [
      { header: 'X-Sub', claim: 'sub' },
      { header: 'x-no', claim: 'a.b' },
    ],
  });
  const by = authenticator(view);
  const edits = (found: Authentication) =>
    Object.fromEntries(
      (found.type === 'refused' ? [] : (found.edits?.edits ?? [])).map(({ name, value, replaces }) => [
        name.toLowerCase(),
        replaces ? value : 'added',
      ]),
    );
  t.same(edits(authenticate('', '/', by)), { 'x-claims': null, 'x-sub': null, 'x-no': null });
  t.same(edits(authenticate(bearer(GOOD), '/', by)), {
    'x-claims': Buffer.from(JSON.stringify(CLAIMS)).toString('base64url'),
    'x-sub': 'user',
    'x-no': null,
    authorization: null,
  });
  t.same(edits(authenticate(bearer(GOOD), '/', authenticator(rule({ forwardsToken: true })))), {});
});

t.test('parts', async (t) => {
  t.equal(hasRepeatedMembers('{"a":{"a":1},"b":[{"a":1},{"a":2}],"c":"\\"a\\":"}'), false);
  t.equal(hasRepeatedMembers('{"a":1,"\\u0061":2}'), true);
  t.equal(hasRepeatedMembers('[{"a":{"b":1,"b":2}}]'), true);
  t.equal(claimsProblem({ iss: 'x' }, rule({ issuer: 'x', audiences: [] }), NOW), null, 'no time, no audience wanted');
  const token = {
    principal: '',
    audiences: [],
    presenter: '',
    claims: { scope: 'a b' },
    spaceDelimited: new Set(['scope']),
  };
  t.same(claimTexts(token, ['scope']), ['a', 'b']);
});
