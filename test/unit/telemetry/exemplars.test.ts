import t from 'tap';
import { Exemplars } from '../../../src/telemetry/exemplars.ts';
import { requests } from '../../helpers/request-counts.ts';

const TRACED = { side: 'outbound', service: 'shop/orders', route: 'shop/orders/0', code: '200' } as const;

t.test('the last traced request of a bucket is its example', async (t) => {
  const exemplars = new Exemplars();
  const plain = [requests({}, 0.3)];
  t.equal(exemplars.attach(plain), plain, 'without traces nothing is copied');
  exemplars.note(TRACED, 0.3, 'first', 1);
  exemplars.note(TRACED, 0.4, 'second', 2);
  exemplars.note(TRACED, 99, 'slow', 3);
  const [ok, failed] = exemplars.attach([requests({}, 0.3), requests({ code: '500' }, 0.3)]);
  t.strictSame(ok?.exemplars?.[10], { traceId: 'second', value: 0.4, seconds: 2 });
  t.equal(ok?.exemplars?.[17]?.traceId, 'slow');
  t.equal(ok?.exemplars?.[0], undefined);
  t.equal(failed?.exemplars, undefined);
});

t.test('memory is bounded', async (t) => {
  const exemplars = new Exemplars();
  for (let i = 0; i < 1000; i++) exemplars.note({ ...TRACED, service: `shop/s${i}` }, 1, 'x', 1);
  const known = exemplars.attach(Array.from({ length: 1000 }, (_, i) => requests({ service: `shop/s${i}` }, 1)));
  t.equal(known.filter(({ exemplars }) => exemplars !== undefined).length, 500);
  t.not(known.at(-1)?.exemplars, undefined, 'the newest are kept');
});
