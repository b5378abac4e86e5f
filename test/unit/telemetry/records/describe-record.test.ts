import t from 'tap';
import { failureRecordSchema } from '../../../../src/contract/failure-record.ts';
import { describeRecord } from '../../../../src/telemetry/records/describe-record.ts';
import { RecordFeed } from '../../../../src/telemetry/records/record-feed.ts';
import { ownIdOf, requestIdOf } from '../../../../src/telemetry/records/record-ids.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { writingRecords } from '../../../helpers/write-records.ts';

t.test('a record of the ring is one of the contract', async (t) => {
  const ring = makeRing(1 << 16);
  const id = writingRecords(ring)({
    flag: 'UC',
    detail: 'it closed the connection',
    status: 503,
    service: 'shop/orders',
    endpoint: '10.0.0.1:80',
    head: 'GET /%C3%A4 HTTP/1.1\r\nHost: orders\r\nX-Request-Id: theirs\r\n\r\n',
  });
  const seen: unknown[] = [];
  new RecordFeed(ring).read((view) => {
    const record = describeRecord(view, 'shop-01');
    seen.push(failureRecordSchema.parse(record));
    t.equal(ownIdOf(view), id);
    t.equal(requestIdOf(view), 'theirs');
  });
  t.match(seen, [
    {
      id,
      host: 'shop-01',
      kind: 'request',
      direction: 'outbound',
      flag: 'UC',
      sentence: 'it closed the connection',
      method: 'GET',
      target: '/%C3%A4',
      authority: 'orders',
      status: 503,
      service: 'shop/orders',
      endpoint: '10.0.0.1:80',
      events: [],
      traceId: '',
    },
  ]);
});
