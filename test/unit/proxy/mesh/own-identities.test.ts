import t from 'tap';
import type { IdentitySet, WorkloadIdentity } from '../../../../src/contract/identity.ts';
import { nameProblem, OwnIdentities } from '../../../../src/proxy/mesh/own-identities.ts';

const A = 'spiffe://td/ns/shop/sa/a';
const B = 'spiffe://td/ns/shop/sa/b';
const held = (spiffeId: string): WorkloadIdentity => ({ spiffeId, chain: '', key: '', notBeforeMs: 0, notAfterMs: 0 });
const set = (ids: string[], assignments: IdentitySet['assignments'] = []): IdentitySet => ({
  trustDomain: 'td',
  roots: '',
  identities: ids.map(held),
  assignments,
});

t.test('a host takes part from its first set on, and keeps its name when the last certificate has ended', async (t) => {
  const own = new OwnIdentities();
  t.same([own.isMember, own.own, own.ofPort(80)], [false, null, null]);
  t.equal(own.set(set([])), true, 'nothing held, but from now on nothing in plain text');
  t.same([own.isMember, own.own], [true, null]);
  t.equal(own.set(set([A, B])), true);
  t.equal(own.own, A);
  t.equal(own.set(set([A])), false, 'the same name: connections are made as before');
  t.equal(own.set(set([])), true, 'it has ended: what began with it is not gone on with');
  t.equal(own.set(set([])), false);
  t.equal(own.own, A);
  t.equal(own.set(set([B])), true);
});

t.test('a port answers as its assignment says, whether that was issued or not', async (t) => {
  const own = new OwnIdentities();
  own.set(set([A], [{ spiffeId: B, ports: [81] }, { spiffeId: B }]));
  t.equal(own.ofPort(80), A);
  t.equal(own.ofPort(81), B);
});

t.test('what is missing is named', async (t) => {
  const missing = { reason: 'own-identity-missing', sentence: 'this host has none' } as const;
  t.match(nameProblem(missing, A), /no valid certificate for spiffe:\/\/td\/ns\/shop\/sa\/a/);
  t.equal(nameProblem(missing, null), 'this host has none');
  const expired = { reason: 'own-identity-expired', sentence: 'it expired' } as const;
  t.equal(nameProblem(expired, A), 'it expired');
});
