import t from 'tap';
import { writeIsoTime } from '../../../../src/telemetry/access-log/iso-time.ts';
import { LineWriter } from '../../../../src/telemetry/access-log/line-writer.ts';

t.test('times and numbers are those of JavaScript', async (t) => {
  const write = (fill: (out: LineWriter) => void): string => {
    const out = new LineWriter(64);
    fill(out);
    return out.bytes.toString('latin1', 0, out.at);
  };
  for (const ms of [0, 1, 999, 1_000, 1_764_400_000_123, 1_764_400_000_123.9, 1_764_399_999_999, 951_782_400_000])
    t.equal(
      write((out) => writeIsoTime(out, ms)),
      new Date(Math.floor(ms)).toISOString(),
    );
  for (const n of [0, 7, 10, 99, 100, 4_294_967_296, 9_007_199_254_740_991, -12, 1.6])
    t.equal(
      write((out) => out.number(n)),
      String(Math.round(n)),
    );
  t.equal(
    write((out) => out.hexWord(-1)),
    'ffffffff',
  );
  t.equal(
    write((out) => out.hexWord(10)),
    '0000000a',
  );
});

t.test('bytes are escaped wherever they stand, and nothing else is', async (t) => {
  const escaped = (bytes: Buffer, isText: boolean): string => {
    const out = new LineWriter(6 * bytes.length + 8);
    const padded = Buffer.concat([Buffer.alloc(3, 'x'), bytes, Buffer.alloc(3, '"')]);
    out.escaped(new DataView(new Uint8Array(padded).buffer), 3, bytes.length, isText);
    return out.bytes.toString('latin1', 0, out.at);
  };
  const plain = 'abcdefghijkl';
  for (let byte = 0; byte < 256; byte++)
    for (let at = 0; at < 9; at++) {
      const bytes = Buffer.from(plain, 'latin1');
      bytes[at] = byte;
      const json = escaped(bytes, false);
      if (JSON.parse(`"${json}"`) !== bytes.toString('latin1')) t.fail(`${byte} at ${at}: ${json}`);
      if (!/^[\x20-\x7e]*$/.test(json)) t.fail(`${byte} at ${at} is no plain ASCII: ${json}`);
      const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
      const hex = isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
      if (escaped(bytes, true) !== plain.slice(0, at) + hex + plain.slice(at + 1)) t.fail(`${byte} at ${at} in a text`);
    }
  for (let length = 0; length < 12; length++)
    t.equal(escaped(Buffer.from(plain.slice(0, length)), false), plain.slice(0, length));
});
