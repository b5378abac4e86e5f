import t from 'tap';
import { hashBytes, hashText, mix } from '../../../../src/proxy/endpoints/hash-bytes.ts';

t.test('known values: another implementation would break the agreement of agents', async (t) => {
  t.equal(hashText('10.0.0.1:80'), 1482263895);
  t.equal(hashText('user-42'), 2083131798);
  t.equal(hashText(''), mix(0x811c9dc5));
  t.equal(hashBytes(Buffer.from('xaby'), 1, 2), hashText('ab'));
  t.not(hashText('ab'), hashText('ab', 1));
});

t.test('results are 31 bits, and spread', async (t) => {
  const buckets = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const h = hashText(`user-${i}`);
    if (h < 0 || h > 0x7fffffff || !Number.isInteger(h)) t.fail(String(h));
    buckets[h % 16]++;
  }
  t.ok(Math.max(...buckets) < 1200 && Math.min(...buckets) > 800, String(buckets));
});
