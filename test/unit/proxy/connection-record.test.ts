import t from 'tap';
import { ConnectionRecord, CountingSink, type Ending } from '../../../src/proxy/connection-record.ts';
import { Counters } from '../../../src/proxy/counters.ts';

t.test('a record is counted when it opens, is decided and closes, and only then', async (t) => {
  const series = new Map<string, number>();
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) =>
    series.set(`${name} ${Object.values(labels).join(' ')}`, index),
  );
  const logged: Ending[] = [];
  const sink = new CountingSink(counters, (_record, ending) => logged.push(ending));
  const read = (key: string): number => counters.values[series.get(key) ?? -1];
  for (const ending of ['closed', 'reset'] as const) {
    const record = new ConnectionRecord('outbound', null, null, 0, sink);
    record.decide('http1', 'declared');
    record.service = 'shop/orders';
    record.bytesFromClient = 10;
    record.bytesToClient = 20;
    record.close(ending);
  }
  t.equal(read('towpath_connections_opened_total outbound'), 2);
  t.equal(read('towpath_verdicts_total outbound http1 declared'), 2);
  t.equal(read('towpath_connections_closed_total outbound http1 closed shop/orders'), 1);
  t.equal(read('towpath_connections_closed_total outbound http1 reset shop/orders'), 1);
  t.equal(read('towpath_connection_received_bytes_total outbound http1 shop/orders'), 20);
  t.equal(read('towpath_connection_sent_bytes_total outbound http1 shop/orders'), 40);
  t.same(logged, ['reset'], 'a good end is no line in the log');
});

t.test('a second close changes nothing and is seen as the bug it is', async (t) => {
  const series = new Map<string, number>();
  const counters = new Counters(Counters.sharedMemory(), (index, name) => series.set(name, index));
  const record = new ConnectionRecord('inbound', null, null, 0, new CountingSink(counters, () => {}));
  record.close('closed');
  record.close('reset');
  t.equal(counters.values[series.get('towpath_connections_closed_total') ?? -1], 1);
  t.equal(counters.values[series.get('towpath_internal_errors_total') ?? -1], 1);
});
