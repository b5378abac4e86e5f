import fc from 'fast-check';
import t from 'tap';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import { parseSockAddr, readSockAddr, SockAddr, writeSockAddr } from '../../../src/reactor/socket-address.ts';
import { addressOf, createSlab } from './support/world.ts';

const slab = createSlab(MINIMUM_SLAB_BYTES + 64);

/** Text as given, canonical text (RFC 5952 section 4; `::` also for the first of equal runs, none for a single group). */
const TEXTS: readonly (readonly [string, string])[] = [
  ['0.0.0.0', '0.0.0.0'],
  ['127.0.0.1', '127.0.0.1'],
  ['255.254.253.252', '255.254.253.252'],
  ['128.0.0.0', '128.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8::A', '2001:db8::a'],
  ['2001:0db8:0000:0001:0000:0000:0000:0001', '2001:db8:0:1::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['1:2:3:4:5:6::8', '1:2:3:4:5:6:0:8'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['fe80::1', 'fe80::1'],
  ['fe80::1%3', 'fe80::1%3'],
  ['fe80::1%0', 'fe80::1'],
  ['::ffff:10.1.2.3', '::ffff:a01:203'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

t.test('addresses are read as written anywhere and printed in the canonical form', async (t) => {
  for (const [given, canonical] of TEXTS) t.equal(addressOf(given, 80).ip, canonical, given);
  t.equal(`${addressOf('10.0.0.1', 8080)}`, '10.0.0.1:8080');
  t.equal(`${addressOf('FD00::1', 8080)}`, '[fd00::1]:8080');
});

t.test('what is not an IP literal is null', async (t) => {
  for (const text of [
    '',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1::2::3',
    'fe80::1%eth0',
    '::1 ',
    '[::1]',
  ]) {
    t.equal(parseSockAddr(text, 80), null, text);
  }
});

t.test('the kernel structure has the layout of linux/in.h and linux/in6.h', async (t) => {
  const at = slab.scratch;
  t.equal(writeSockAddr(slab, at, addressOf('1.2.3.4', 0x1234)), 16);
  t.equal(slab.bytes.subarray(at, at + 16).toString('hex'), '0200' + '1234' + '01020304' + '0'.repeat(16));
  t.equal(writeSockAddr(slab, at, addressOf('fe80::1:2%7', 0x1234)), 28);
  t.equal(
    slab.bytes.subarray(at, at + 28).toString('hex'),
    '0a00' + '1234' + '00000000' + 'fe8000000000000000000000' + '00010002' + '07000000',
  );
});

t.test('a structure of another family is null', async (t) => {
  slab.view.setUint16(slab.scratch, 1, true);
  t.equal(readSockAddr(slab, slab.scratch), null);
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 65535 });
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));

t.test('any address survives the slab and its own text', async (t) => {
  fc.assert(
    fc.property(word, port, (a, p) => {
      const address = new SockAddr(4, p, a, 0, 0, 0, 0);
      return survives(address);
    }),
  );
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 8, maxLength: 8 }),
      port,
      fc.integer({ min: 0, max: 99 }),
      (g, p, scope) => {
        const at = (i: number) => (((g[i] ?? 0) << 16) | (g[i + 1] ?? 0)) >>> 0;
        const address = new SockAddr(6, p, at(0), at(2), at(4), at(6), scope);
        // No run of zeros may be left uncompressed that is longer than the compressed one.
        const runs = address.ip.replace(/%.*/, '').split('::');
        if (runs.length > 2 || runs.some((run) => run.includes('0:0:0') && runs.length === 1)) return false;
        return (
          survives(address) &&
          parseSockAddr(`${g.map((n) => n.toString(16).padStart(4, '0')).join(':')}%${scope}`, p)?.equals(address)
        );
      },
    ),
  );
  t.pass();
});

function survives(address: SockAddr): boolean {
  writeSockAddr(slab, slab.scratch, address);
  const read = readSockAddr(slab, slab.scratch);
  const parsed = parseSockAddr(address.ip, address.port);
  return read?.equals(address) === true && parsed?.equals(address) === true && read.toString() === address.toString();
}

t.test('text that is no address never throws', async (t) => {
  fc.assert(fc.property(fc.string(), port, (text, p) => parseSockAddr(text, p) === null || text.length > 1));
  fc.assert(fc.property(fc.ipV6(), port, (text, p) => parseSockAddr(text, p)?.family === 6));
  fc.assert(fc.property(fc.ipV4(), port, (text, p) => parseSockAddr(text, p)?.ip === text));
  t.pass();
});

t.test('equality and keys tell every part apart', async (t) => {
  const list = [
    addressOf('10.0.0.1', 80),
    addressOf('10.0.0.1', 81),
    addressOf('10.0.0.2', 80),
    addressOf('::a00:1', 80),
    addressOf('fe80::1', 80),
    addressOf('fe80::1%2', 80),
    addressOf('255.255.255.255', 65535),
  ];
  t.equal(new Set(list.map((address) => address.key)).size, list.length);
  for (const a of list) for (const b of list) if (a.equals(b) !== (a === b)) t.fail(`${a} against ${b}`);
  t.ok(addressOf('10.0.0.1', 80).equals(addressOf('10.0.0.1', 81).withPort(80)));
  t.ok(Number.isSafeInteger(addressOf('255.255.255.255', 65535).key));
});

t.test('loopback is 127.0.0.0/8 and ::1', async (t) => {
  for (const ip of ['127.0.0.1', '127.255.0.9', '::1']) t.ok(addressOf(ip, 1).isLoopback(), ip);
  for (const ip of ['126.255.255.255', '128.0.0.1', '::', '::2', '1::1', '::ffff:127.0.0.1'])
    t.notOk(addressOf(ip, 1).isLoopback(), ip);
});
