import t from 'tap';
import {
  DEFAULT_JSON,
  DEFAULT_TEXT,
  fieldsOf,
  type LogFormat,
  parseJsonFormat,
  parseTextFormat,
} from '../../../../src/contract/log-format.ts';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { AccessLog } from '../../../../src/telemetry/access-log/access-log.ts';
import { compileFormat } from '../../../../src/telemetry/access-log/compile-format.ts';
import { LineWriter } from '../../../../src/telemetry/access-log/line-writer.ts';
import { RecordFeed } from '../../../../src/telemetry/records/record-feed.ts';
import { makeRing } from '../../../../src/telemetry/records/record-ring.ts';
import { type WrittenRecord, writingRecords } from '../../../helpers/write-records.ts';

/** The lines that these records become. */
function lines(format: LogFormat, records: readonly WrittenRecord[], percent = 100): string[] {
  const { request: requestFields, answer: answerFields } = fieldsOf(format);
  const ring = makeRing(1 << 20);
  const side = { log: { index: 0, percent, slowMs: Number.POSITIVE_INFINITY }, trace: null };
  const write = writingRecords(ring, {
    ...NO_RULES,
    number: 1,
    requestFields,
    answerFields,
    outbound: side,
    inbound: { '': side },
  });
  for (const record of records) write(record);
  const written: string[] = [];
  const sink = { write: (bytes: Uint8Array) => void written.push(Buffer.from(bytes).toString('latin1')) };
  const log = new AccessLog(compileFormat(format, { host: 'shop-01', requestFields, answerFields }), [
    { name: 'test', counts: () => ({ written: 0, dropped: 0, problem: '' }), close: async () => {}, ...sink },
  ]);
  const feed = new RecordFeed(ring);
  feed.requestIdPrefix = 'aabb';
  feed.read((view) => log.take(view));
  log.flush();
  const text = written.join('');
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  return text.split('\n').slice(0, -1);
}

function text(format: string, record: WrittenRecord = {}): string {
  const parsed = parseTextFormat(format);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return lines(parsed.value, [record])[0] ?? 'no line';
}

function json(fields: Readonly<Record<string, string>>, record: WrittenRecord = {}): Record<string, unknown> {
  const parsed = parseJsonFormat(fields);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return JSON.parse(lines(parsed.value, [record])[0] ?? 'null') as Record<string, unknown>;
}

const GET = 'GET /a?x=1 HTTP/1.1\r\nHost: orders\r\nX-Request-Id: theirs\r\nUser-Agent: curl/8.1 "x"\r\n\r\n';

t.test('operators of text', async (t) => {
  const record: WrittenRecord = {
    head: GET,
    status: 503,
    flag: 'UF',
    detail: '10.0.0.1:80 refused the connection',
    service: 'shop/orders',
    route: 'r',
    endpoint: '10.0.0.1:80',
    received: 12_345_678_901,
    sent: 0,
    attempts: 2,
  };
  for (const [format, expected] of [
    ['%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %PROTOCOL%', 'GET /a?x=1 orders HTTP/1.1'],
    ['%RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_HOST% %ROUTE_NAME%', '503 UF 10.0.0.1:80 r'],
    ['%BYTES_RECEIVED% %BYTES_SENT%', '12345678901 0'],
    ['%UPSTREAM_REQUEST_ATTEMPT_COUNT% %TOWPATH(attempts)%', '2 2'],
    ['%REQ(USER-AGENT)% %REQ(user-agent):4%', 'curl/8.1 \\x22x\\x22 curl'],
    ['%REQ(X-NONE)% %REQ(X-NONE?:PATH)% %RESP(X-NONE)%', '- /a?x=1 -'],
    ['%REQ(X-REQUEST-ID)%', 'theirs'],
    ['%RESPONSE_CODE_DETAILS%', '10.0.0.1:80 refused the connection'],
    ['%UPSTREAM_TRANSPORT_FAILURE_REASON%', '10.0.0.1:80 refused the connection'],
    ['%TOWPATH(direction)% %TOWPATH(service)% %TOWPATH(host)% %HOSTNAME%', 'outbound shop/orders shop-01 shop-01'],
    ['%GRPC_STATUS% %GRPC_STATUS_NUMBER% %TRACE_ID% %DOWNSTREAM_PEER_URI_SAN%', '- - - -'],
    ['100%% %CONNECTION_TERMINATION_DETAILS%', '100% -'],
  ] as const)
    t.equal(text(format, record), expected, format);
  t.match(text('%START_TIME%'), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.match(text('%START_TIME(%s)%.%START_TIME(%s.%3f)%'), /^\d{10}\.\d{10}\.\d{3}$/);
  t.match(text('%STREAM_ID% %CONNECTION_ID%'), /^([0-9a-f]{10}\w+)-1 \1$/);
  t.match(text('%DURATION%'), /^\d+$/);
  t.equal(text('%RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%'), 'via_upstream -');
});

t.test('gRPC statuses as Envoy writes them', async (t) => {
  const all = '%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%';
  t.equal(text(all, { grpcStatus: 4 }), 'DeadlineExceeded DEADLINE_EXCEEDED 4 4');
  t.equal(text(all, { grpcStatus: 0 }), 'OK OK 0 0');
  t.equal(text(all, { grpcStatus: 1 }), 'Canceled CANCELLED 1 1');
  t.equal(text(all, { grpcStatus: 77 }), '77 77 77 77');
});

t.test('JSON keeps numbers, has null for nothing, and survives hostile bytes', async (t) => {
  t.same(
    json(
      {
        code: '%RESPONSE_CODE%',
        flags: '%RESPONSE_FLAGS%',
        path: '%REQ(:PATH)%',
        both: 'a "%RESPONSE_CODE%" %RESPONSE_FLAGS%',
      },
      { head: GET, status: 200 },
    ),
    { code: 200, flags: null, path: '/a?x=1', both: 'a "200" -' },
  );
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nX-Evil: a"b\\c\tä\u00ff\r\n\r\n';
  t.same(json({ evil: '%REQ(X-EVIL)%' }, { head }), { evil: 'a"b\\c\tä\u00ff' });
  t.same(json({}), {});
});

t.test('a line is one line, whatever is in it, and has a longest length', async (t) => {
  const format = parseJsonFormat(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, '%REQ(:PATH)%'])));
  if (!format.ok) throw new Error('wrong');
  const head = `GET /${'x'.repeat(1000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const [long, short] = lines(format.value, [{ head }, { head: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' }]);
  t.same(JSON.parse(long ?? ''), { error: 'the line is too long' });
  t.equal(Object.keys(JSON.parse(short ?? '')).length, 60);
});

t.test('what the default formats write', async (t) => {
  const record = { head: GET, status: 200, service: 'shop/orders', endpoint: '10.0.0.1:80' };
  t.match(
    text(DEFAULT_TEXT, record),
    /^\[20.*Z\] "GET \/a\?x=1 HTTP\/1\.1" 200 - 0 0 \d+ - "-" "curl\/8\.1 \\x22x\\x22" "theirs" "orders" "10\.0\.0\.1:80"/,
  );
  t.match(json(DEFAULT_JSON, record), {
    method: 'GET',
    path: '/a?x=1',
    response_code: 200,
    response_flags: null,
    request_id: 'theirs',
    user_agent: 'curl/8.1 "x"',
    upstream_host: '10.0.0.1:80',
    service: 'shop/orders',
    direction: 'outbound',
  });
});

t.test('of what goes well a share is logged, of errors everything', async (t) => {
  const format = parseTextFormat('%RESPONSE_CODE%');
  if (!format.ok) throw new Error('wrong');
  const records = [200, 404, 500, 503].map((status) => ({ status }));
  t.same(lines(format.value, records, 0), ['500', '503']);
  const thousand = Array.from({ length: 1000 }, () => ({ status: 200 }));
  const { length } = lines(format.value, thousand, 10);
  t.ok(length > 50 && length < 160, `${length} of 1000`);
});

t.test('what is kept of one record is never told of another', async (t) => {
  const records: WrittenRecord[] = [];
  const some = <T>(values: readonly T[], i: number): T => values[i % values.length] as T;
  for (let i = 0; i < 600; i++)
    records.push({
      status: some([200, 200, 200, 404, 503], i >> 2),
      flag: some(['', '', '', 'UF', 'UC'] as const, i >> 3),
      detail: some(['', '', 'it "refused"', ''], i >> 1),
      service: some(['shop/a', 'shop/b'], i >> 4),
      route: some(['', 'r'], i >> 5),
      endpoint: some(['10.0.0.1:80', '10.0.0.2:80', ''], i),
      side: some(['outbound', 'inbound'] as const, i >> 6),
      grpcStatus: some([-1, -1, 4], i >> 7),
      attempts: some([1, 2], i >> 3),
      head: `GET /${'x'.repeat(i % 37)} HTTP/1.${some([1, 0], i >> 5)}\r\nHost: a\r\nUser-Agent: ${some(['', '"', '\u00e4'], i)}${i}\r\n\r\n`,
    });
  for (const format of [parseJsonFormat(DEFAULT_JSON), parseTextFormat(DEFAULT_TEXT)]) {
    if (!format.ok) throw new Error('wrong');
    const together = lines(format.value, records);
    t.equal(together.length, 600);
    const differing = (line: string): string =>
      line
        .replace(/20\d\d-[^"\]]*Z/, '')
        .replace(/"(duration|id)":[^,}]*/g, '')
        .replace(/ \S+$/, '')
        .replace(/ \d+ (-|\d+) "/, '"');
    for (const [i, record] of records.entries()) {
      const [alone = ''] = lines(format.value, [record]);
      if (differing(alone) !== differing(together[i] ?? '')) t.equal(together[i], alone, `record ${i}`);
    }
  }
});

t.test('numbers of words are those of one thread, until they are given out anew', async (t) => {
  const parsed = parseTextFormat('%UPSTREAM_HOST% %TOWPATH(service)%');
  if (!parsed.ok) throw new Error('wrong');
  const write = compileFormat(parsed.value, { host: 'h', requestFields: [], answerFields: [] });
  const out = new LineWriter(1 << 20);
  const rules = { ...NO_RULES, outbound: { log: { index: 0, percent: 100, slowMs: 1e9 }, trace: null } };
  const rings = [makeRing(1 << 20), makeRing(1 << 20)];
  const feeds = rings.map((ring) => new RecordFeed(ring));
  const writers = rings.map((ring) => writingRecords(ring, rules));
  const told: string[] = [];
  const tell = (thread: number, endpoint: string): void => {
    writers[thread]?.({ endpoint, service: 's' });
    feeds[thread]?.read((view) => {
      const { at } = out;
      write(view, out);
      told.push(out.bytes.toString('latin1', at, out.at - 1));
      out.at = 0;
    });
  };
  for (let i = 0; i < 3; i++) for (const thread of [0, 1]) tell(thread, `10.0.0.${thread}:80`);
  t.same(
    told.splice(0),
    Array.from({ length: 6 }, (_, i) => `10.0.0.${i % 2}:80 s`),
  );
  const many = Array.from({ length: 20_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}:80`);
  for (const endpoint of many) tell(0, endpoint);
  t.same(
    told,
    many.map((endpoint) => `${endpoint} s`),
  );
});
