import t from 'tap';
import { callerOfRecord, tapMatcher } from '../../../../src/agent/records/tap-filter.ts';
import { type TapFilter, tapRequestSchema } from '../../../../src/contract/tap-messages.ts';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { RecordFeed } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { type WrittenRecord, writingRecords } from '../../../helpers/write-records.ts';

const RULES = { ...NO_RULES, tap: { outbound: true, inbound: true, services: null } };
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: orders\r\n\r\n`;

/** Whether a record of that kind is wanted. */
function matches(filter: TapFilter, record: WrittenRecord): boolean {
  const ring = makeRing(1 << 14);
  writingRecords(ring, RULES)(record);
  const found: boolean[] = [];
  new RecordFeed(ring).read((view) => found.push(tapMatcher(filter, 'shop/web')(view)));
  return found[0] === true && found.length === 1;
}

const ORDERS: WrittenRecord = { service: 'shop/orders', route: 'shop/by-path/2', head: get('/api/1?x=2') };
const MTLS: WrittenRecord = { side: 'inbound', service: 'shop/orders-1', principal: 'towpath.internal/ns/shop/sa/web' };
const PLAIN: WrittenRecord = { side: 'inbound', client: ['fd00::1', 4000] };

t.test('each part of a filter', async (t) => {
  const cases: readonly (readonly [TapFilter, WrittenRecord, boolean])[] = [
    [{}, ORDERS, true],
    [{ side: 'outbound' }, ORDERS, true],
    [{ side: 'inbound' }, ORDERS, false],
    [{ side: 'inbound' }, MTLS, true],
    [{ service: 'shop/orders' }, ORDERS, true],
    [{ service: 'shop/order' }, ORDERS, false],
    [{ route: 'shop/by-path' }, ORDERS, true],
    [{ route: 'shop/by-path/2' }, ORDERS, true],
    [{ route: 'shop/by-path/20' }, ORDERS, false],
    [{ route: 'shop/by' }, ORDERS, false],
    [{ method: 'GET' }, ORDERS, true],
    [{ method: 'POST' }, ORDERS, false],
    [{ pathPrefix: '/api/' }, ORDERS, true],
    [{ pathPrefix: '/api/1?x' }, ORDERS, true],
    [{ pathPrefix: '/ap1' }, ORDERS, false],
    [{ pathPrefix: '/api/' }, { ...ORDERS, head: get('http://orders/api/1') }, true],
    [{ pathPrefix: '/orders' }, { ...ORDERS, head: get('http://orders/api/1') }, false],
    [{ status: ['200'] }, ORDERS, true],
    [{ status: ['404', '2xx'] }, ORDERS, true],
    [{ status: ['5xx'] }, { status: 599 }, true],
    [{ status: ['5xx'] }, { status: 499 }, false],
    [{ status: ['503'] }, { status: 504 }, false],
    [{ status: ['5xx'] }, { status: 0, flag: 'DC' }, false],
    [{ flag: 'UF' }, { flag: 'UF' }, true],
    [{ flag: 'U' }, { flag: 'UF' }, false],
    [{ flag: 'any' }, { flag: 'UF' }, true],
    [{ flag: 'any' }, ORDERS, false],
    [{ minMs: 0 }, ORDERS, true],
    [{ minMs: 3_600_000 }, ORDERS, false],
    [{ caller: 'shop/web' }, ORDERS, true],
    [{ caller: 'shop/cart' }, ORDERS, false],
    [{ caller: 'shop/web' }, MTLS, true],
    [{ caller: 'towpath.internal/ns/shop/sa/web' }, MTLS, true],
    [{ caller: 'spiffe://towpath.internal/ns/shop/sa/web' }, MTLS, true],
    [{ caller: 'shop/web/more' }, MTLS, false],
    [{ caller: 'web' }, MTLS, false],
    [{ caller: 'fd00::1' }, PLAIN, true],
    [{ caller: 'fd00::' }, PLAIN, false],
    [{ service: 'shop/orders', method: 'GET', status: ['2xx'], pathPrefix: '/api' }, ORDERS, true],
    [{ service: 'shop/orders', method: 'GET', status: ['5xx'], pathPrefix: '/api' }, ORDERS, false],
  ];
  for (const [filter, record, wanted] of cases)
    t.equal(matches(filter, record), wanted, `${JSON.stringify(filter)} of ${JSON.stringify(record)}`);
});

t.test('who calls', async (t) => {
  const cases: readonly (readonly [WrittenRecord, string])[] = [
    [ORDERS, 'shop/web'],
    [MTLS, 'towpath.internal/ns/shop/sa/web'],
    [PLAIN, 'fd00::1'],
    [{ side: 'inbound', client: ['10.0.0.1', 4000] }, '10.0.0.1'],
  ];
  for (const [record, caller] of cases) {
    const ring = makeRing(1 << 14);
    writingRecords(ring, RULES)(record);
    new RecordFeed(ring).read((view) => t.equal(callerOfRecord(view, 'shop/web'), caller));
  }
});

t.test('questions are taken strictly', async (t) => {
  t.same(tapRequestSchema.parse({ tap: 'a' }), { tap: 'a', leaseMs: 5_000, perSecond: 100, filter: {} });
  for (const wrong of [
    {},
    { tap: '' },
    { tap: 'A' },
    { tap: 'a'.repeat(37) },
    { tap: 'a', more: 1 },
    { tap: 'a', leaseMs: 10_001 },
    { tap: 'a', leaseMs: -1 },
    { tap: 'a', perSecond: 0 },
    { tap: 'a', perSecond: 1_001 },
    { tap: 'a', filter: { nonsense: 'x' } },
    { tap: 'a', filter: { status: [] } },
    { tap: 'a', filter: { status: ['6xx'] } },
    { tap: 'a', filter: { status: Array.from({ length: 17 }, () => '200') } },
    { tap: 'a', filter: { pathPrefix: '/'.repeat(1025) } },
    { tap: 'a', filter: { side: 'both' } },
    { tap: 'a', filter: { minMs: Number.NaN } },
  ])
    t.notOk(tapRequestSchema.safeParse(wrong).success, JSON.stringify(wrong));
});
