import t from 'tap';
import { planRequest } from '../../../../src/proxy/exchange/plan-request.ts';

t.test('a plan tells the edits, the scheme of the hop and the id, which stays the same for a number', async (t) => {
  t.match(planRequest(null, 0, false, null), { edits: null, insert: [], scheme: 'received' });
  t.equal(planRequest(null, 0, true, null).scheme, 'https');
  const idOf = (number: number): string =>
    Buffer.from(planRequest(null, number, false, null).insert[0].value).toString();
  const first = idOf(0xabcdef12);
  t.match(first, /^[0-9a-f]{16}abcdef12$/);
  t.not(idOf(7), first);
  t.equal(idOf(0xabcdef12), first);
});
