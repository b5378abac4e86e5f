import t from 'tap';
import { identityOfPort, identityOfWorkload } from '../../../src/contract/assigned-identity.ts';
import type { IdentitySet, WorkloadIdentity } from '../../../src/contract/identity.ts';

const held = (account: string): WorkloadIdentity => ({
  spiffeId: `spiffe://td/ns/shop/sa/${account}`,
  chain: '',
  key: '',
  notBeforeMs: 0,
  notAfterMs: 0,
});
const a = held('a');
const b = held('b');

t.test(
  'a port has the identity of its assignment, else the first; one that is not issued has no stand-in',
  async (t) => {
    const set: IdentitySet = {
      trustDomain: 'td',
      roots: '',
      identities: [a, b],
      assignments: [
        { spiffeId: b.spiffeId, ports: [81, 82] },
        { spiffeId: 'spiffe://td/ns/shop/sa/c', ports: [83] },
        { spiffeId: b.spiffeId },
      ],
    };
    t.equal(identityOfPort(set, 80), a);
    t.equal(identityOfPort(set, 82), b);
    t.equal(identityOfPort(set, 83), null);
    t.equal(identityOfWorkload(set, [81]), b.spiffeId);
    t.equal(identityOfWorkload(set, []), a.spiffeId);
    t.equal(identityOfWorkload({ ...set, identities: [] }, [80]), undefined);
  },
);
