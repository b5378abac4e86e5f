import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { MAX_TAPS, TapDesk } from '../../../../src/agent/records/tap-desk.ts';
import { type TapAnswer, tapAnswerSchema, tapRequestSchema } from '../../../../src/contract/tap-messages.ts';
import { NO_RULES, type TapRules } from '../../../../src/contract/telemetry-rules.ts';
import { RecordFeed } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { writingRecords } from '../../../helpers/write-records.ts';

/** A desk, its data thread, and all that was said. */
function setUp(ringBytes = 1 << 20) {
  const ring = makeRing(ringBytes);
  const feed = new RecordFeed(ring);
  const write = writingRecords(ring, { ...NO_RULES, tap: { outbound: true, inbound: true, services: null } });
  const rules: (TapRules | null)[] = [];
  const desk = new TapDesk(
    { host: 'shop', caller: 'shop/web' },
    () => feed.dropped,
    async (wanted) => void rules.push(wanted),
  );
  const heard: TapAnswer[] = [];
  const ask = (request: object): Promise<void> =>
    desk.ask(tapRequestSchema.parse({ tap: 't', ...request }), (text) =>
      heard.push(tapAnswerSchema.parse(JSON.parse(text))),
    );
  const read = (): number => feed.read((view) => desk.take(view));
  const shown = (): string[] => heard.flatMap(({ records }) => records.map(({ target }) => target));
  const request = (path: string, fields = {}): string =>
    write({ head: `GET ${path} HTTP/1.1\r\nHost: orders\r\n\r\n`, ...fields });
  return { desk, rules, heard, ask, read, shown, request };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await sleep(10))
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

t.test('what matches is told, with who called; the last of it at the end', async (t) => {
  const { desk, rules, heard, ask, read, shown, request } = setUp();
  request('/before');
  read();
  await ask({ filter: { status: ['2xx'] } });
  t.match(heard.splice(0), [{ host: 'shop', state: 'began', records: [] }]);
  request('/one');
  request('/not', { status: 404 });
  request('/two');
  read();
  await until(() => heard.length > 0, 'what was told by itself');
  t.same(shown(), ['/one', '/two']);
  t.match(heard[0], { state: 'goes on', leftOut: 0, lost: 0, records: [{ caller: 'shop/web', host: 'shop' }, {}] });
  heard.length = 0;
  request('/three');
  read();
  await ask({ leaseMs: 0 });
  t.match(heard, [{ state: 'ended', records: [{ target: '/three' }] }]);
  request('/after');
  read();
  await ask({ leaseMs: 0 });
  t.equal(heard.length, 1, 'there is nothing to end any more');
  t.same(rules, [{ outbound: true, inbound: true, services: null }, null], 'and nothing is recorded for it any more');
  desk.stop();
});

t.test('data threads record what all taps together want', async (t) => {
  const { desk, rules, ask } = setUp();
  await ask({ tap: 'a', filter: { service: 'shop/orders', side: 'outbound' } });
  await ask({ tap: 'b', filter: { service: 'shop/cart', side: 'inbound' } });
  await ask({ tap: 'b', filter: { service: 'shop/cart', side: 'inbound' } });
  await ask({ tap: 'c' });
  await ask({ tap: 'c', leaseMs: 0 });
  await ask({ tap: 'a', filter: { method: 'GET', side: 'outbound' } });
  t.same(rules, [
    { outbound: true, inbound: false, services: ['shop/orders'] },
    { outbound: true, inbound: true, services: ['shop/orders', 'shop/cart'] },
    { outbound: true, inbound: true, services: null },
    { outbound: true, inbound: true, services: ['shop/orders', 'shop/cart'] },
    { outbound: true, inbound: true, services: null },
  ]);
  desk.stop();
});

t.test('a tap ends with its lease, and its place is free again', async (t) => {
  const { desk, rules, heard, ask } = setUp();
  for (let i = 0; i < MAX_TAPS; i++) await ask({ tap: `t${i}`, leaseMs: i === 0 ? 10_000 : 1 });
  await ask({ tap: 'more' });
  t.match(heard.at(-1), { state: 'refused', reason: `${MAX_TAPS} taps are open on this host already` });
  await ask({ tap: 't0', leaseMs: 10_000 });
  await until(() => heard.filter(({ state }) => state === 'ended').length === MAX_TAPS - 1, 'the ends of leases');
  await ask({ tap: 'more' });
  t.match(heard.at(-1), { state: 'began' });
  await ask({ tap: 'more', leaseMs: 0 });
  t.not(rules.at(-1), null, 'the one that was asked for again goes on');
  await ask({ tap: 't0', leaseMs: 0 });
  t.equal(rules.at(-1), null);
  desk.stop();
});

t.test('more than wanted in a second is counted, and answers are bounded', async (t) => {
  const { desk, heard, ask, read, shown, request } = setUp(1 << 22);
  await ask({ perSecond: 10 });
  for (let i = 0; i < 500; i++) request(`/${i}`);
  read();
  await ask({ leaseMs: 0 });
  const told = shown().length;
  // A slow machine may take some tenths of a second for it.
  t.ok(told >= 10 && told < 100, `${told} were told`);
  t.equal(told + heard.reduce((sum, { leftOut }) => sum + leftOut, 0), 500, 'and the others counted');
  heard.length = 0;
  await ask({ perSecond: 1_000 });
  for (let i = 0; i < 500; i++) request(`/${'x'.repeat(900)}`);
  read();
  await ask({ leaseMs: 0 });
  t.equal(shown().length, 500);
  const sizes = heard.map((answer) => JSON.stringify(answer).length);
  t.ok(sizes.length > 4 && Math.max(...sizes) < 160_000, sizes.join(' '));
  desk.stop();
});

t.test('records that found no room are told', async (t) => {
  const { desk, heard, ask, read, shown, request } = setUp(1 << 14);
  await ask({});
  for (let i = 0; i < 90; i++) request('/x');
  read();
  await ask({ leaseMs: 0 });
  t.equal(shown().length + (heard.at(-1)?.lost ?? 0), 90);
  t.ok((heard.at(-1)?.lost ?? 0) > 0);
  desk.stop();
});
