import t from 'tap';
import { DEFAULT_HTTP2_CONFIG } from '../../../../../src/proxy/codec/http2/http2-config.ts';
import { ConnectionCredit } from '../../../../../src/proxy/codec/http2/windows.ts';

const create = (connectionWindow: number, maxUnconsumed: number): ConnectionCredit =>
  new ConnectionCredit({ ...DEFAULT_HTTP2_CONFIG, connectionWindow, maxUnconsumed });

t.test('the window begins at 65,535 and is opened to its size', (t) => {
  t.equal(create(100_000, 1).open(), 34_465);
  t.equal(create(1_000, 1).open(), 0);
  t.end();
});

t.test('it is never overdrawn, to the byte', (t) => {
  const credit = create(100_000, 1 << 20);
  credit.open();
  t.equal(credit.charge(99_999), true);
  t.equal(credit.charge(2), false);
  t.equal(credit.charge(1), true);
  t.equal(credit.charge(1), false);
  t.equal(credit.take(), 100_000);
  t.equal(credit.charge(100_000), true);
  t.end();
});

t.test('it is granted again by halves, and not while too much is unconsumed', (t) => {
  const credit = create(100_000, 10);
  credit.open();
  credit.charge(49_999);
  t.equal(credit.take(), 0);
  credit.charge(1);
  credit.unconsumed = 11;
  t.equal(credit.take(), 0);
  credit.unconsumed = 10;
  t.equal(credit.take(), 50_000);
  t.equal(credit.take(), 0);
  t.end();
});
