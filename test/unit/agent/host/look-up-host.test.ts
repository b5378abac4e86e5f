import t from 'tap';
import { keepFamilies, lookUpHost } from '../../../../src/agent/host/look-up-host.ts';

const BOTH = ['192.0.2.1', '2001:db8::1'];

t.test('addresses that this host cannot reach are left out, unless nothing else is left', async (t) => {
  t.same(keepFamilies(BOTH, new Set(['IPv4'])), ['192.0.2.1']);
  t.same(keepFamilies(BOTH, new Set(['IPv6'])), ['2001:db8::1']);
  t.same(keepFamilies(BOTH, new Set(['IPv4', 'IPv6'])), BOTH);
  t.same(keepFamilies(BOTH, new Set()), BOTH);
  t.same(keepFamilies(['2001:db8::1'], new Set(['IPv4'])), ['2001:db8::1']);
});

t.test('what DNS does not know is found as programs find it; its time is 30 s', async (t) => {
  const found = await lookUpHost('localhost');
  t.ok(found?.addresses.includes('127.0.0.1') || found?.addresses.includes('::1'), JSON.stringify(found));
});
