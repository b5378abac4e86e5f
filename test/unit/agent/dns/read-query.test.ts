import fc from 'fast-check';
import t from 'tap';
import { readQuery } from '../../../../src/agent/dns/read-query.ts';
import { ask, encodeName, words } from './support/message.ts';

const LONG = Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.');

const NAMES: readonly (readonly [written: string, name: string])[] = [
  ['orders.shop', 'orders.shop'],
  ['OrDers.SHOP', 'orders.shop'],
  ['_dns.resolver-1.arpa', '_dns.resolver-1.arpa'],
  ['', ''],
  ['a b.shop', ''],
  ['\u00e9.shop', ''],
  [LONG, LONG],
];

for (const [written, name] of NAMES) {
  t.test(`the question "${written.slice(0, 20)}" is about "${name.slice(0, 20)}"`, async (t) => {
    const message = ask(written, { type: 28 });
    t.same(readQuery(message), { type: 'query', query: { name, type: 28, questionEnd: message.length, edns: 'none' } });
  });
}

const header = (questions: number, more = 0): Buffer => words(1, 0x0100, questions, 0, 0, more);
const question = Buffer.concat([encodeName('orders.shop'), words(1, 1)]);
const UPDATE = 5 << 11;

const CASES: readonly (readonly [what: string, message: Buffer, type: string])[] = [
  ['nothing', Buffer.alloc(0), 'no-request'],
  ['half a header', header(1).subarray(0, 11), 'no-request'],
  ['an answer', ask('orders.shop', { flags: 0x8180 }), 'no-request'],
  ['an update', ask('orders.shop', { flags: UPDATE }), 'other'],
  ['two questions', Buffer.concat([header(2), question, question]), 'other'],
  ['the Chaos class', ask('version.bind', { type: 16, dnsClass: 3 }), 'other'],
  ['no question', header(0), 'malformed'],
  ['a header alone', header(1), 'malformed'],
  ['a name that is cut', Buffer.concat([header(1), Buffer.from([6, 0x6f, 0x72])]), 'malformed'],
  ['a name without its end', Buffer.concat([header(1), encodeName('orders').subarray(0, 7)]), 'malformed'],
  ['no class', Buffer.concat([header(1), encodeName('orders'), words(1)]), 'malformed'],
  ['a name that points to itself', Buffer.concat([header(1), words(0xc00c, 1, 1)]), 'malformed'],
  ['a label of 64 bytes', Buffer.concat([header(1), encodeName('a'.repeat(64)), words(1, 1)]), 'malformed'],
  ['a name of 256 bytes', Buffer.concat([header(1), encodeName(`${LONG}.aa`), words(1, 1)]), 'malformed'],
  ['a record that is not there', Buffer.concat([header(1, 1), question]), 'malformed'],
  [
    'a record longer than the message',
    Buffer.concat([header(1, 1), question, Buffer.from([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 9])]),
    'malformed',
  ],
  ['more records than a query has', Buffer.concat([header(1, 17), question, Buffer.alloc(17 * 11)]), 'malformed'],
];

for (const [what, message, type] of CASES) {
  t.test(`${what}: ${type}`, async (t) => t.equal(readQuery(message).type, type));
}

t.test('the version of EDNS is found, also behind another record whose name is compressed', async (t) => {
  t.match(readQuery(ask('orders.shop', { edns: 0 })), { query: { edns: 'version-0' } });
  t.match(readQuery(ask('orders.shop', { edns: 1 })), { query: { edns: 'unknown-version' } });
  const signature = Buffer.concat([words(0xc00c, 250, 255, 0, 0, 2), Buffer.from([1, 2])]);
  const opt = Buffer.from([0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([header(1, 2), question, signature, opt]);
  t.match(readQuery(message), { query: { edns: 'version-0', questionEnd: 12 + question.length } });
});

t.test('whatever comes, reading ends and stays inside the message', async () => {
  const seeds = [ask('orders.shop', { edns: 0 }), ask('a.b.c', { type: 28 }), header(1, 3)];
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 12 }), fc.nat(80))
    .map(([seed, changes, cut]) => {
      const bytes = Buffer.from(seed);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes.subarray(0, cut);
    });
  const any = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(mutated, any), (message) => {
      const read = readQuery(message);
      return read.type !== 'query' || (read.query.questionEnd >= 17 && read.query.questionEnd <= message.length);
    }),
    { numRuns: 5000 },
  );
});
