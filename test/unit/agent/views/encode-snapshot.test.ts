import t from 'tap';
import { decodeSnapshot, encodeSnapshot } from '../../../../src/agent/views/encode-snapshot.ts';
import { exampleSnapshot, exampleVersion } from '../../../helpers/example-views.ts';

t.test('views come back as they went in', async (t) => {
  const snapshot = exampleSnapshot(3);
  const decoded = decodeSnapshot('shop', encodeSnapshot('shop', snapshot));
  t.strictSame(decoded, { ok: true, value: snapshot });
  const host = { version: exampleVersion(4), workloads: [{ namespace: 'shop', name: 'orders' }] };
  t.strictSame(decodeSnapshot('shop', encodeSnapshot('shop', { ...snapshot, host })), {
    ok: true,
    value: { ...snapshot, host },
  });
});

t.test('no damaged byte goes unnoticed, whichever it is', async (t) => {
  const good = encodeSnapshot('shop', exampleSnapshot(1));
  const accepted: string[] = [];
  for (let at = 0; at < good.length; at++) {
    for (const mask of [0x01, 0x20, 0xff]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ mask;
      if (decodeSnapshot('shop', bad).ok) accepted.push(`byte ${at} xor ${mask}`);
    }
  }
  t.strictSame(accepted, []);
});

t.test('no cut is taken for a whole, and neither is an appended byte', async (t) => {
  const good = encodeSnapshot('shop', exampleSnapshot(1));
  const accepted: number[] = [];
  for (let length = 0; length < good.length; length++) {
    if (decodeSnapshot('shop', good.subarray(0, length)).ok) accepted.push(length);
  }
  t.strictSame(accepted, []);
  t.notOk(decodeSnapshot('shop', Buffer.concat([good, Buffer.from(' ')])).ok);
});

t.test('foreign files are refused with the reason', async (t) => {
  const good = encodeSnapshot('shop', exampleSnapshot(1));
  const reason = (bytes: Buffer): unknown => {
    const decoded = decodeSnapshot('shop', bytes);
    return decoded.ok ? null : decoded.error;
  };
  t.match(reason(encodeSnapshot('other', exampleSnapshot(1))), /belongs to the mesh "other"/);
  t.match(reason(Buffer.from(good.toString().replace('towpath-views 1', 'towpath-views 2'))), /format 2/);
  t.match(reason(Buffer.from('{}')), /not a file of views/);
  t.match(reason(Buffer.alloc(0)), /not a file of views/);
});
