import t from 'tap';
import { NO_RULES, type TapRules, type TelemetryRules } from '../../../../src/contract/telemetry-rules.ts';
import { loadRules } from '../../../../src/proxy/journal/load-rules.ts';
import { makeRing, RingReader } from '../../../../src/telemetry/records/record-ring.ts';
import { readingRecords } from '../../../helpers/read-records.ts';
import { type WrittenRecord, writingRecords } from '../../../helpers/write-records.ts';

const LOGGED = { log: { index: 0, percent: 100, slowMs: Number.POSITIVE_INFINITY }, trace: null };
const BOTH: TapRules = { outbound: true, inbound: true, services: null };
const FINE: WrittenRecord = { service: 'shop/orders' };
const FAILED: WrittenRecord = { ...FINE, flag: 'UF', status: 503 };
const ARRIVED: WrittenRecord = { ...FINE, side: 'inbound' };

/** `logged`, `failed` or `-` for each record that was made. */
function recorded(rules: TelemetryRules, ...requests: readonly WrittenRecord[]): string[] {
  const ring = makeRing(1 << 14);
  const write = writingRecords(ring, rules);
  const read = readingRecords(ring);
  for (const request of requests) write(request);
  return read().map(({ isLogged, isFailed }) => (isLogged ? 'logged' : isFailed ? 'failed' : '-'));
}

t.test('what is watched is recorded, and logged only where it would be anyway', async (t) => {
  const all = [FINE, FAILED, ARRIVED];
  t.same(recorded(NO_RULES, ...all), ['failed'], 'nothing is recorded of the rest');
  t.same(recorded({ ...NO_RULES, tap: null }, ...all), ['failed']);
  t.same(recorded({ ...NO_RULES, tap: BOTH }, ...all), ['-', 'failed', '-'], 'failures are no reason to log');
  t.same(recorded({ ...NO_RULES, tap: { ...BOTH, inbound: false } }, ...all), ['-', 'failed']);
  t.same(recorded({ ...NO_RULES, tap: { ...BOTH, outbound: false } }, FINE, ARRIVED), ['-']);
  t.same(recorded({ ...NO_RULES, outbound: LOGGED, tap: BOTH }, ...all), ['logged', 'logged', '-']);
  t.same(recorded({ ...NO_RULES, tap: { ...BOTH, services: ['shop/cart'] } }, ...all), ['failed']);
  t.same(recorded({ ...NO_RULES, tap: { ...BOTH, services: ['shop/orders'] } }, ...all), ['-', 'failed', '-']);
  t.same(recorded({ ...NO_RULES, outbound: LOGGED, tap: { ...BOTH, services: [] } }, ...all), ['logged', 'logged']);
});

t.test('nobody watches: rules are off, as before', async (t) => {
  t.match(loadRules(NO_RULES), { isOn: false, tapOutbound: 0, tapInbound: 0, tapServices: null });
  t.equal(loadRules({ ...NO_RULES, tap: { ...BOTH, outbound: false } }).isOn, true);
  t.equal(loadRules({ ...NO_RULES, tap: { outbound: false, inbound: false, services: null } }).isOn, false);
});

t.test('failures that are watched do not count as a flood', async (t) => {
  const ring = makeRing(1 << 20);
  const write = writingRecords(ring, { ...NO_RULES, tap: BOTH });
  for (let i = 0; i < 600; i++) write(FAILED);
  t.equal(readingRecords(ring)().length, 600);
  t.equal(new RingReader(ring).dropped, 0);
});
