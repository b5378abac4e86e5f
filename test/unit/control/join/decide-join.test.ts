import t from 'tap';
import type { HostRecord, TokenRecord } from '../../../../src/contract/join-messages.ts';
import { decideJoin } from '../../../../src/control/join/decide-join.ts';

const KEY = `U${'A'.repeat(55)}`;
const OTHER = `U${'B'.repeat(55)}`;
const ALLOWED = { identities: [], groups: [], identityTtlMs: 86_400_000 };
const OPEN: TokenRecord = {
  ...ALLOWED,
  id: 'abc',
  createdMs: 0,
  createdBy: 'ann',
  expiresMs: 1_000,
  host: null,
  used: null,
  revokedMs: null,
};
const MEMBER: HostRecord = { ...ALLOWED, host: 'shop', publicKey: OTHER, tokenId: 'old', joinedMs: 5, revokedMs: null };
const USED = { host: 'shop', publicKey: KEY, atMs: 10 };

t.test('who may join', async (t) => {
  const cases: readonly (readonly [
    string,
    TokenRecord | null,
    HostRecord | null,
    number,
    'first' | 'again' | number,
    RegExp,
  ])[] = [
    ['open', OPEN, null, 500, 'first', /./],
    ['for this host', { ...OPEN, host: 'shop' }, null, 500, 'first', /./],
    ['for this host, which takes its own place', { ...OPEN, host: 'shop' }, MEMBER, 500, 'first', /./],
    ['the answer was lost', { ...OPEN, used: USED }, MEMBER, 500, 'again', /./],
    ['unknown', null, null, 500, 404, /no join token abc.*towpath join-token create --for shop/],
    ['revoked', { ...OPEN, revokedMs: 7 }, null, 500, 410, /was revoked at 1970/],
    ['revoked after its use', { ...OPEN, used: USED, revokedMs: 7 }, null, 500, 410, /was revoked/],
    ['expired', OPEN, null, 1_000, 410, /expired at 1970/],
    [
      'used by another key',
      { ...OPEN, used: { ...USED, publicKey: OTHER } },
      null,
      500,
      410,
      /was used by the host shop/,
    ],
    ['used by another host', { ...OPEN, used: { ...USED, host: 'x' } }, null, 500, 410, /was used by the host x/],
    ['of another host', { ...OPEN, host: 'orders' }, null, 500, 403, /for the host orders.*called shop.*--host orders/],
    ['a name that is taken', OPEN, MEMBER, 500, 409, /called shop joined at .*--for shop.*--host/],
  ];
  for (const [name, token, existing, now, expected, sentence] of cases) {
    const decision = decideJoin('abc', token, existing, { host: 'shop', publicKey: KEY }, now);
    if (decision.ok) t.equal(decision.value, expected, name);
    else {
      t.equal(decision.error.code, expected, name);
      t.match(decision.error.sentence, sentence, name);
    }
  }
});
