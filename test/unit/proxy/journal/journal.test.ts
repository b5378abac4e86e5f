import t, { type Test } from 'tap';
import { NO_RULES, type SideRules, type TelemetryRules } from '../../../../src/contract/telemetry-rules.ts';
import { ConnectionRecord } from '../../../../src/proxy/connection-record.ts';
import { Journal } from '../../../../src/proxy/journal/journal.ts';
import { makeRing, RingReader } from '../../../../src/telemetry/records/record-ring.ts';
import { address, ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { readingRecords, type SeenRecord } from '../../../helpers/read-records.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Shard: 7\r\n\r\nok';
const GET = 'GET /a?x=1 HTTP/1.1\r\nHost: orders\r\nUser-Agent: curl/8\r\n\r\n';

function rules(sides: SideRules, more: Partial<TelemetryRules> = {}): TelemetryRules {
  return { ...NO_RULES, number: 3, outbound: sides, inbound: { '': sides }, ...more };
}
const logging = (percent: number): SideRules => ({ log: { index: 0, percent, slowMs: 1e9 }, trace: null });

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same([errors, internal, chunks], [[], 0, 0]);
}

/** One request to a service whose server behaves so; what was recorded of it. */
async function one(
  t: Test,
  answer: string | null,
  request = GET,
  set: TelemetryRules = NO_RULES,
): Promise<{ records: SeenRecord[]; text: string }> {
  const rig = new ProxyRig();
  const read = readingRecords(rig.ring);
  rig.context.journal.setRules(set);
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => (answer === null ? socket.destroy() : socket.write(answer, 'latin1'))),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.send(request);
  await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the end of the connection');
  const records = read();
  await check(t, rig);
  return { records, text: client.text };
}

t.test('what goes well is recorded only where a rule wants it', async (t) => {
  t.same((await one(t, OK)).records, []);
  t.same((await one(t, OK, GET, rules(logging(0)))).records, [], 'none of a hundred');
  const { records } = await one(
    t,
    OK,
    GET,
    rules(logging(100), { requestFields: ['user-agent'], answerFields: ['x-shard'] }),
  );
  t.equal(records.length, 1);
  t.match(records[0], {
    kind: 'request',
    direction: 'outbound',
    flag: '',
    sentence: '',
    protocol: 'HTTP/1.1',
    method: 'GET',
    target: '/a?x=1',
    authority: 'orders',
    requestId: /^ours-[0-9a-f]{8}$/,
    status: 200,
    grpcStatus: -1,
    attempts: 1,
    service: 'shop/orders',
    cluster: 'shop/orders:80',
    endpoint: /^127\.0\.0\.1:\d+$/,
    client: /^127\.0\.0\.1:\d+$/,
    destination: '240.0.0.1:80',
    bytesReceived: 0,
    bytesSent: 2,
    isLogged: true,
    isFailed: false,
  });
  t.same(records[0]?.fields.slice(0, 3), ['curl/8', '7', '']);
  t.ok((records[0]?.durationMs ?? -1) >= (records[0]?.firstByteMs ?? 0) - 0.001);
});

t.test('errors are logged whatever the share', async (t) => {
  const { records } = await one(t, 'HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n', GET, rules(logging(0)));
  t.match(records, [{ status: 500, flag: '', isLogged: true, isFailed: false }]);
});

t.test('a failure that the proxy answers is recorded with the id that it tells, without any rule', async (t) => {
  const { records, text } = await one(t, null);
  t.match(text, /^HTTP\/1\.1 503 /);
  const id = /x-towpath-error: UC; connection=(\S+)/.exec(text)?.[1];
  t.match(records, [{ id, flag: 'UC', status: 503, method: 'GET', target: '/a?x=1', isFailed: true, isLogged: false }]);
  t.match(records[0]?.sentence, /closed the connection/);
  t.ok((records[0]?.events.length ?? 0) >= 1, 'the tries before are told');
  t.match(records[0]?.events[0], { endpoint: /^127\.0\.0\.1:\d+$/ });
});

t.test('a request that is refused is recorded, also where its head cannot be read', async (t) => {
  const { records, text } = await one(t, OK, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n');
  t.match(text, /^HTTP\/1\.1 400 /);
  t.match(records, [{ flag: 'DPE', status: 400, method: '', isFailed: true }]);
  t.ok(text.includes(records[0]?.id ?? '-'));
});

t.test('bytes of bodies are those of the bodies, chunked or not', async (t) => {
  const set = rules(logging(100));
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n';
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
  t.match((await one(t, chunked, post, set)).records, [{ bytesReceived: 3, bytesSent: 11, method: 'POST' }]);
  const plain = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd';
  t.match((await one(t, OK, plain, set)).records, [{ bytesReceived: 4, bytesSent: 2 }]);
});

t.test('every request on a connection has its own record', async (t) => {
  const rig = new ProxyRig();
  const read = readingRecords(rig.ring);
  rig.context.journal.setRules(rules(logging(100)));
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  for (let i = 1; i <= 5; i++) {
    client.send(GET);
    await rig.until(() => client.text.split('ok').length > i, `answer ${i}`);
  }
  const ids = read().map(({ id }) => id);
  t.same(
    ids.map((id) => id.split('-')[1]),
    ['1', '2', '3', '4', '5'],
  );
  t.equal(new Set(ids.map((id) => id.split('-')[0])).size, 1);
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the end');
  t.same(read(), [], 'the connection adds nothing');
  await check(t, rig);
});

t.test('connections passed on as bytes are recorded when a rule wants it, and when they fail', async (t) => {
  const rig = new ProxyRig();
  const read = readingRecords(rig.ring);
  const { port, server } = await rig.serve((socket) => socket.on('data', (data) => socket.end(data)));
  rig.service(serviceView([port], { protocol: 'tcp' }));
  const talk = async (n: number): Promise<void> => {
    const client = await rig.client();
    client.send('hello');
    client.socket.end();
    await rig.until(() => rig.closed.length === n, `end ${n}`);
  };
  await talk(1);
  t.same(read(), []);
  rig.context.journal.setRules(rules(logging(100)));
  await talk(2);
  t.match(read(), [
    {
      kind: 'connection',
      service: 'shop/orders',
      bytesReceived: 5,
      bytesSent: 5,
      ending: 'closed',
      isLogged: true,
      isFailed: false,
    },
  ]);
  rig.context.journal.setRules(NO_RULES);
  server.close();
  await talk(3);
  const [failed] = read();
  t.match(failed, { kind: 'connection', flag: 'UF', isFailed: true, isLogged: false });
  t.match(failed?.sentence, /refused/);
  await check(t, rig);
});

t.test('rules of inbound traffic go by the workload', async (t) => {
  const rig = new ProxyRig();
  rig.side = 'inbound';
  const read = readingRecords(rig.ring);
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.destination = address('127.0.0.1', port);
  const workload = {
    namespace: 'shop',
    name: 'w',
    address: '127.0.0.1',
    ports: [{ name: 'http', port, protocol: 'http1' as const }],
  };
  rig.context.table.setInbound([workload]);
  rig.context.journal.setRules({ ...NO_RULES, inbound: { 'shop/w': logging(100) } });
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.match(read(), [{ direction: 'inbound', service: 'shop/w', status: 200 }]);
  await check(t, rig);
});

t.test('a span is made of sampled requests alone, and the endpoint hears of it', async (t) => {
  const heard: string[] = [];
  const rig = new ProxyRig();
  const read = readingRecords(rig.ring);
  const { port } = await rig.serve((socket) =>
    socket.on('data', (data) => {
      heard.push(/traceparent: (\S+)/.exec(data.toString())?.[1] ?? 'none');
      socket.write(OK);
    }),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const ask = async (percent: number, fields = ''): Promise<SeenRecord[]> => {
    rig.context.journal.setRules(rules({ log: null, trace: { index: 0, percent, reports: true } }));
    const client = await rig.client();
    client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await rig.until(() => client.text.endsWith('ok'), 'the answer');
    return read();
  };
  t.same(await ask(0), []);
  t.match(heard.pop(), /-00$/);
  const [sampled] = await ask(100);
  t.match(sampled, { isSampled: true, isLogged: false, parentId: '0000000000000000' });
  t.equal(heard.pop(), `00-${sampled?.traceId}-${sampled?.spanId}-01`);
  const came = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  const [child] = await ask(0, `traceparent: 00-${came}-01\r\n`);
  t.equal(`${child?.traceId}-${child?.parentId}`, came);
  t.equal(heard.pop(), `00-${child?.traceId}-${child?.spanId}-01`);
  t.same(await ask(100, `traceparent: 00-${came}-00\r\n`), []);
  t.equal(heard.pop(), `00-${came}-00`);
  await check(t, rig);
});

t.test('a ring that nobody reads costs records, never traffic', async (t) => {
  const rig = new ProxyRig();
  rig.context.journal.setRules(rules(logging(100)));
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  let answers = 0;
  client.socket.on('data', () => answers++);
  for (let i = 0; i < 200; i++) {
    client.send(GET.replace('/a', `/${'x'.repeat(1000)}`).repeat(30));
    await rig.until(() => client.text.split('ok').length > 30, 'the answers');
    client.clear();
  }
  const read = readingRecords(rig.ring);
  const kept = read().length;
  t.ok(kept > 100 && kept < 6000, `${kept} records fit into the ring`);
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'the last answer');
  t.equal(read().length, 1, 'there is room again');
  await check(t, rig);
});

const nobody = { opened: () => {}, decided: () => {}, moved: () => {}, closed: () => {}, closedTwice: () => {} };

t.test('of a flood of failures five hundred are recorded in a second, the rest is counted', async (t) => {
  const ring = makeRing(1 << 20);
  const record = new ConnectionRecord('inbound', null, null, 0, nobody);
  const clock = { now: 5_000 };
  const journal = new Journal(ring, clock, () => 0.5);
  const read = readingRecords(ring);
  const fail = (): void => {
    const draft = journal.draftOf(record, Buffer.alloc(0), null);
    [draft.flag, draft.status] = ['DPE', 400];
    journal.end(draft, record);
  };
  for (let i = 0; i < 1_500; i++) fail();
  t.equal(read().length, 500);
  t.ok(journal.leavesOut(), 'no draft is made of the next');
  t.equal(new RingReader(ring).dropped, 1_001);
  clock.now += 1_000;
  t.notOk(journal.leavesOut());
  fail();
  t.equal(read().length, 1, 'and the next second begins anew');
  t.end();
});
