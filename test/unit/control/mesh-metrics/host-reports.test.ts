import t from 'tap';
import { FORGET_MS, HostReports, MAX_HOST_ROWS, SILENT_MS } from '../../../../src/control/mesh-metrics/host-reports.ts';
import { connectionRow, report, requestRow } from './report-rows.ts';

const YOUNG = { uptimeMs: 10 };
const sumOf = (deltas: ReturnType<HostReports['take']>): number =>
  deltas.requests.reduce((sum, { endings }) => sum + Object.values(endings).reduce((a, b) => a + b, 0), 0);

t.test('a host that was there before control begins where it is; what comes after counts', async (t) => {
  const hosts = new HostReports(0);
  t.equal(sumOf(hosts.take('a', report(1, [requestRow(1000)]), 100)), 0);
  const { requests } = hosts.take('a', report(2, [requestRow(1003)]), 200);
  t.match(requests, [{ endings: { '200  ': 3 }, requestBytes: 30, responseBytes: 300 }]);
  t.equal(
    requests[0]?.durations.reduce((a, b) => a + b, 0),
    3,
  );
  t.ok(Math.abs((requests[0]?.seconds ?? 0) - 0.12) < 1e-9);
});

t.test('a host that has started since begins at 0, and so does a row that is new', async (t) => {
  const hosts = new HostReports(0);
  t.equal(sumOf(hosts.take('a', report(1, [requestRow(5)], YOUNG), 100)), 5);
  t.equal(sumOf(hosts.take('a', report(2, [requestRow(5), requestRow(2, { route: '' })], YOUNG), 200)), 2);
});

t.test('what is lost, late or repeated changes nothing in the end', async (t) => {
  const hosts = new HostReports(0);
  let sum = sumOf(hosts.take('a', report(1, [requestRow(5)], YOUNG), 100));
  sum += sumOf(hosts.take('a', report(4, [requestRow(50)], YOUNG), 200));
  sum += sumOf(hosts.take('a', report(3, [requestRow(30)], YOUNG), 300));
  sum += sumOf(hosts.take('a', report(4, [requestRow(50)], YOUNG), 400));
  sum += sumOf(hosts.take('a', report(5, [requestRow(51)], YOUNG), 500));
  t.equal(sum, 51);
});

t.test('rows that a host has let go of begin at 0 when they come back', async (t) => {
  const hosts = new HostReports(0);
  const gone = requestRow(9, { route: 'shop/gone/0' });
  let sum = sumOf(hosts.take('a', report(1, [requestRow(5), gone], YOUNG), 100));
  sum += sumOf(hosts.take('a', report(2, [requestRow(5)], YOUNG), 200));
  sum += sumOf(hosts.take('a', report(3, [requestRow(5), gone], YOUNG), 300));
  t.equal(sum, 5 + 9 + 9);
  hosts.take('a', report(4, [requestRow(5)], { ...YOUNG, dropped: 1 }), 400);
  t.equal(sumOf(hosts.take('a', report(5, [requestRow(5), gone], YOUNG), 500)), 0, 'unless there was no room for them');
  hosts.take('a', report(6, [requestRow(5)], { ...YOUNG, parts: 2 }), 600);
  t.equal(sumOf(hosts.take('a', report(7, [requestRow(5), gone], YOUNG), 700)), 0, 'nor if a part was lost');
  for (let i = 0; i < 2 * MAX_HOST_ROWS; i += 50) {
    const rows = Array.from({ length: 50 }, (_, n) => requestRow(1, { route: `shop/r${i + n}/0` }));
    t.equal(sumOf(hosts.take('a', report(8 + i, rows, YOUNG), 800)), 50);
  }
  t.equal(hosts.dropped, 0, 'routes that come and go do not fill its memory');
});

t.test('a restart of an agent neither goes back nor counts twice', async (t) => {
  const hosts = new HostReports(0);
  hosts.take('a', report(7, [requestRow(100)], YOUNG), 1);
  t.equal(sumOf(hosts.take('a', report(0, [requestRow(4)], { boot: 'second', ...YOUNG }), 50)), 4);
  t.equal(sumOf(hosts.take('a', report(1, [requestRow(6)], { boot: 'second', ...YOUNG }), 60)), 2);
});

t.test('of a host that was there before, rows of a part that was lost begin where they are', async (t) => {
  const hosts = new HostReports(0);
  const parts = { parts: 2 };
  hosts.take('a', report(1, [requestRow(1000)], parts), 1);
  t.equal(sumOf(hosts.take('a', report(2, [requestRow(500, { route: '' })], { ...parts, part: 1 }), 2)), 0);
  hosts.take('a', report(2, [requestRow(1000)], parts), 3);
  t.equal(sumOf(hosts.take('a', report(3, [requestRow(7, { route: 'new' })], { ...parts, part: 1 }), 4)), 7);
});

t.test('connections are taken likewise', async (t) => {
  const hosts = new HostReports(0);
  hosts.take('a', report(1, [], { connections: [connectionRow(100)] }), 1);
  const { connections } = hosts.take('a', report(2, [], { connections: [connectionRow(103, { failed: 1 })] }), 2);
  t.match(connections, [{ closed: 3, failed: 1, receivedBytes: 30, sentBytes: 300 }]);
});

t.test('hosts fall silent, and are forgotten; one that comes back is not counted twice', async (t) => {
  const hosts = new HostReports(0);
  hosts.take('a', report(1, [requestRow(10)], YOUNG), 0);
  hosts.take('b', report(1, [], YOUNG), SILENT_MS);
  t.same(hosts.counts(SILENT_MS + 1), { reporting: 1, silent: 1 });
  hosts.forgetOld(FORGET_MS + 1);
  t.same(hosts.counts(FORGET_MS + 1), { reporting: 0, silent: 1 });
  const back = report(2, [requestRow(12)], { uptimeMs: FORGET_MS + 2 });
  t.equal(sumOf(hosts.take('a', back, FORGET_MS + 2)), 0);
});

t.test('a lie cannot eat memory, nor make a sum wrong', async (t) => {
  const hosts = new HostReports(0);
  for (let i = 0; i < MAX_HOST_ROWS + 50; i += 100) {
    const rows = Array.from({ length: 100 }, (_, n) => requestRow(1, { service: `shop/s${i + n}` }));
    hosts.take('a', report(i, rows, { ...YOUNG, parts: 2 }), 1);
  }
  t.ok(hosts.dropped > 0);
  t.equal(sumOf(hosts.take('a', report(99_999, [requestRow(5, { service: 'shop/late' })], YOUNG), 1)), 0);
});
