import t from 'tap';
import {
  hostKey,
  hostRecordSchema,
  identityScopeSchema,
  mayHaveIdentity,
  tokenKey,
  tokenRecordSchema,
  userKeySchema,
} from '../../../src/contract/join-messages.ts';

const KEY = `U${'A'.repeat(55)}`;
const allowed = { identities: [{ namespace: 'shop', account: 'orders' }], groups: [], identityTtlMs: 86_400_000 };

t.test('a host may have the identities of its token, and no other', async (t) => {
  const scopes = [
    { namespace: 'shop', account: 'orders' },
    { namespace: 'tools', account: '*' },
  ];
  for (const [namespace, account, expected] of [
    ['shop', 'orders', true],
    ['shop', 'default', false],
    ['tools', 'anything', true],
    ['other', 'orders', false],
    ['*', '*', false],
    ['shop', '*', false],
    ['default', 'default', true],
    ['default', 'orders', false],
  ] as const)
    t.equal(mayHaveIdentity({ identities: scopes, revokedMs: null }, namespace, account), expected, namespace);
  t.equal(mayHaveIdentity({ identities: scopes, revokedMs: 1 }, 'shop', 'orders'), false, 'not when revoked');
  t.equal(mayHaveIdentity({ identities: scopes, revokedMs: 1 }, 'default', 'default'), false);
  t.equal(mayHaveIdentity({ identities: [], revokedMs: null }, 'shop', 'orders'), false);
  t.ok(mayHaveIdentity({ identities: [{ namespace: '*', account: '*' }], revokedMs: null }, 'a', 'b'));
});

t.test('records are decoded strictly', async (t) => {
  const token = {
    ...allowed,
    id: 'abc',
    createdMs: 1,
    createdBy: 'ann',
    expiresMs: 2,
    host: null,
    used: null,
    revokedMs: null,
  };
  const host = { ...allowed, host: 'shop', publicKey: KEY, tokenId: 'abc', joinedMs: 1, revokedMs: null };
  t.ok(tokenRecordSchema.safeParse(token).success);
  t.ok(hostRecordSchema.safeParse(host).success);
  t.notOk(tokenRecordSchema.safeParse({ ...token, secret: 'x' }).success);
  t.notOk(tokenRecordSchema.safeParse({ ...token, id: 'a.b' }).success);
  t.notOk(hostRecordSchema.safeParse({ ...host, host: 'a.>' }).success);
  t.notOk(hostRecordSchema.safeParse({ ...host, publicKey: `S${KEY.slice(1)}` }).success);
  t.notOk(hostRecordSchema.safeParse({ ...host, identityTtlMs: 1 }).success);
  t.notOk(identityScopeSchema.safeParse({ namespace: 'a/b', account: 'c' }).success);
  t.notOk(userKeySchema.safeParse(`${KEY}\n`).success);
  t.same([tokenKey('a'), hostKey('h')], ['token.a', 'host.h']);
});
