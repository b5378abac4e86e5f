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
