import t from 'tap';
import { formatGrpcTimeout, GRPC_TIMEOUT_BYTES, parseGrpcTimeout } from '../../../../src/proxy/grpc/grpc-timeout.ts';

t.test('values of every unit are read as ms, others are malformed', async (t) => {
  const parse = (text: string): number => parseGrpcTimeout(Buffer.from(`x${text}y`), 1, text.length);
  const rows: [string, number][] = [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['4m', 4],
    ['0m', 0],
    ['99999999n', 99.999999],
    ['', -1],
    ['S', -1],
    ['5', -1],
    ['5s', -1],
    ['-1S', -1],
    ['1.5S', -1],
    ['123456789m', -1],
    [' 1S', -1],
  ];
  for (const [text, ms] of rows) t.equal(parse(text), ms, text);
  t.equal(parse('250u'), 0.25);
});

t.test('what is left is written in the finest unit that holds it, never more than it is', async (t) => {
  const rows: [number, string][] = [
    [0, '0u'],
    [-5, '0u'],
    [1.5, '1500u'],
    [99_999.999, '99999999u'],
    [100_000, '100000m'],
    [100_000_000, '100000S'],
    [1e15, '99999999H'],
  ];
  for (const [ms, text] of rows) {
    t.equal(formatGrpcTimeout(ms), text);
    t.ok(text.length <= GRPC_TIMEOUT_BYTES);
  }
});
