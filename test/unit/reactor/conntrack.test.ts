import t from 'tap';
import { Conntrack, readEntry, writeRequest } from '../../../src/reactor/conntrack.ts';
import { parseSockAddr, type SockAddr } from '../../../src/reactor/socket-address.ts';

function address(ip: string, port: number): SockAddr {
  const parsed = parseSockAddr(ip, port);
  if (parsed === null) throw new Error(ip);
  return parsed;
}

t.test('a lookup is written as the kernel reads it, attributes padded to four bytes', async (t) => {
  const v4 = writeRequest(7, 'udp', address('127.0.0.1', 15053), address('10.0.0.1', 40000));
  t.equal(
    v4.toString('hex'),
    [
      '48000000 0101 0100 07000000 00000000', // length, CT_GET, request, sequence
      '02 00 0000', // AF_INET
      '3400 0280', // reply tuple
      '1400 0180 0800 0100 7f000001 0800 0200 0a000001',
      '1c00 0280 0500 0100 11000000 0600 0200 3acd0000 0600 0300 9c400000',
    ]
      .join('')
      .replace(/ /g, ''),
  );
  const v6 = writeRequest(8, 'tcp', address('::1', 15053), address('fd00::1', 40000));
  t.equal(v6.length, v4.length + 24);
  t.equal(v6[16], 10);
});

const ENTRY = [
  '5c000000 0001 0000 07000000 01000000 02000000',
  '3400 0180 1400 0180 0800 0100 0a000001 0800 0200 08080808',
  '1c00 0280 0500 0100 11000000 0600 0200 9c400000 0600 0300 00350000',
  '0800 0c00 00000001',
]
  .join('')
  .replace(/ /g, '');

t.test('the original destination is read from an entry', async (t) => {
  t.equal(readEntry(Buffer.from(ENTRY, 'hex'))?.toString(), '8.8.8.8:53');
});

t.test('an error, and an entry that is cut anywhere, tell nothing', async (t) => {
  t.equal(
    readEntry(Buffer.from('24000000020000000700000001000000feffffff48000000010101000700000000000000', 'hex')),
    null,
  );
  const entry = Buffer.from(ENTRY, 'hex');
  // Behind the tuple comes nothing that is looked for.
  for (let length = 0; length < 20 + 52; length++)
    t.equal(readEntry(entry.subarray(0, length)), null, `${length} bytes`);
});

t.test('the kernel knows nothing of a flow that never was', async (t) => {
  const conntrack = Conntrack.open();
  const found = conntrack?.originalDestination('udp', address('127.0.0.1', 40001), address('127.0.0.1', 15053)) ?? null;
  t.equal(found, null);
  conntrack?.close();
});
