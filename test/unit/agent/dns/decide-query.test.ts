import fc from 'fast-check';
import t from 'tap';
import { decideQuery } from '../../../../src/agent/dns/decide-query.ts';
import type { DirectoryEntry } from '../../../../src/contract/views.ts';
import { ask, tell } from './support/message.ts';

const entry = (more: Partial<DirectoryEntry>): DirectoryEntry => ({
  namespace: 'shop',
  name: 'orders',
  virtualIps: [],
  ports: [80],
  ...more,
});

const ENTRIES: Readonly<Record<string, DirectoryEntry>> = {
  'orders.shop': entry({ virtualIps: ['240.240.0.7', 'fd00:240::7'] }),
  'api.vendor.com': entry({ addresses: ['203.0.113.7', '198.51.100.0/24'] }),
  'range.vendor.com': entry({ addresses: ['198.51.100.0/24'] }),
  'nowhere.vendor.com': entry({}),
};
const find = (name: string): DirectoryEntry | null => ENTRIES[name] ?? null;

const V6 = 'fd000240000000000000000000000007';

const ANSWERS: readonly (readonly [what: string, message: Buffer, hasIpv6: boolean, addresses: readonly string[]])[] = [
  ['A', ask('orders.shop'), true, ['240.240.0.7']],
  ['AAAA', ask('orders.shop', { type: 28 }), true, [V6]],
  ['any type', ask('orders.shop', { type: 255 }), true, ['240.240.0.7', V6]],
  ['AAAA where IPv6 is not captured', ask('orders.shop', { type: 28 }), false, []],
  ['MX', ask('orders.shop', { type: 15 }), true, []],
  ['HTTPS', ask('orders.shop', { type: 65 }), true, []],
  ['the address of a ServiceEntry, not its range', ask('api.vendor.com'), true, ['203.0.113.7']],
  ['AAAA of a ServiceEntry that has none', ask('api.vendor.com', { type: 28 }), true, []],
];

for (const [what, message, hasIpv6, addresses] of ANSWERS) {
  t.test(`${what} is answered with [${addresses.join(', ')}]`, async (t) => {
    const decision = decideQuery(message, find, hasIpv6);
    if (decision.type !== 'answer') throw new Error(decision.type);
    const told = tell(decision.message);
    t.match(told, { id: 0x1234, code: 0, isAnswer: true, isOwner: true, addresses, edns: false });
    t.same(
      told.ttls,
      addresses.map(() => 30),
    );
  });
}

t.test('letters of either case mean the same, and come back as they were', async (t) => {
  const decision = decideQuery(ask('oRDers.ShoP'), find, true);
  if (decision.type !== 'answer') throw new Error(decision.type);
  t.match(tell(decision.message), { question: 'oRDers.ShoP', addresses: ['240.240.0.7'] });
});

t.test('who speaks EDNS is answered in it; a version that nobody knows is refused (BADVERS)', async (t) => {
  const answered = decideQuery(ask('orders.shop', { edns: 0 }), find, true);
  const refused = decideQuery(ask('orders.shop', { edns: 1 }), find, true);
  if (answered.type !== 'answer' || refused.type !== 'answer') throw new Error('not answered');
  t.match(tell(answered.message), { code: 0, addresses: ['240.240.0.7'], edns: true });
  t.match(tell(refused.message), { code: 16, addresses: [], edns: true });
});

t.test('everything else is forwarded: other names, hosts without an address to give, other messages', async (t) => {
  const UPDATE = 5 << 11;
  for (const message of [
    ask('example.org'),
    ask(''),
    ask('a b.shop'),
    ask('range.vendor.com'),
    ask('nowhere.vendor.com'),
    ask('orders.shop', { dnsClass: 3 }),
    ask('orders.shop', { flags: UPDATE }),
  ]) {
    t.equal(decideQuery(message, find, true).type, 'forward');
  }
});

t.test('a malformed request is told so (FORMERR), what is no request is dropped', async (t) => {
  const malformed = decideQuery(ask('orders.shop').subarray(0, 14), find, true);
  if (malformed.type !== 'malformed') throw new Error(malformed.type);
  t.match(tell(malformed.message), { id: 0x1234, code: 1, isAnswer: true, question: '' });
  t.equal(decideQuery(ask('orders.shop', { flags: 0x8000 }), find, true).type, 'drop');
});

t.test('many addresses and the longest name fit the 512 bytes of any client', async (t) => {
  const name = Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.');
  const virtualIps = Array.from({ length: 40 }, (_, i) => `fd00:240::${i}`);
  const decision = decideQuery(ask(name, { type: 28, edns: 0 }), () => entry({ virtualIps }), true);
  if (decision.type !== 'answer') throw new Error(decision.type);
  t.ok(decision.message.length <= 512, `${decision.message.length}`);
  t.equal(tell(decision.message).addresses.length, 8);
});

t.test('any bytes get a decision, and answers that are no larger than 512 bytes', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.boolean(), (bytes, asQuestion) => {
      const message = Buffer.from(bytes);
      if (asQuestion && message.length > 12) message.set([0, 0, 1, 0, 0, 1, 0, 0, 0, 0], 2);
      const decision = decideQuery(message, () => ENTRIES['orders.shop'] ?? null, true);
      return decision.type === 'drop' || decision.type === 'forward' || decision.message.length <= 512;
    }),
    { numRuns: 3000 },
  );
});
