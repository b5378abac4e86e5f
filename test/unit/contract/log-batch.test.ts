import t from 'tap';
import {
  keysOf,
  LINES_HEADER,
  MAX_BATCH_BYTES,
  readBatch,
  SOURCE_HEADER,
  withTraceKeys,
} from '../../../src/contract/log-batch.ts';
import { DEFAULT_JSON, type LogFormat, parseJsonFormat, parseTextFormat } from '../../../src/contract/log-format.ts';
import { LONGEST_LINE } from '../../../src/telemetry/access-log/compile-format.ts';

function json(fields: Readonly<Record<string, string>>): LogFormat {
  const parsed = parseJsonFormat(fields);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

t.test('where a line has what', async (t) => {
  t.same(keysOf(json(DEFAULT_JSON)), {
    time: 'start_time',
    direction: 'direction',
    method: 'method',
    path: 'path',
    status: 'response_code',
    flags: 'response_flags',
    endpoint: 'upstream_host',
    cluster: 'upstream_cluster',
    service: 'service',
    route: 'route_name',
    trace: 'trace_id',
    id: 'id',
  });
  for (const [text, role] of [
    ['%TRACE_ID%', 'trace'],
    ['%TRACE_ID%:8', null],
    ['t %TRACE_ID%', null],
    ['%START_TIME(%s)%', null],
    ['%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%', 'time'],
    ['%TOWPATH(ending)%', null],
    ['%REQ(:AUTHORITY)%', null],
    ['%GRPC_STATUS_NUMBER%', 'grpc'],
    ['fixed', null],
  ] as const)
    t.same(keysOf(json({ k: text.replace('%:8', ':8%') })), role === null ? {} : { [role]: 'k' }, text);
  t.same(keysOf(json({ a: '%TRACE_ID%', b: '%TRACE_ID%' })), { trace: 'a' }, 'the first of two');
  const text = parseTextFormat('%TRACE_ID%');
  t.same(text.ok && [keysOf(text.value), withTraceKeys(text.value)], [{}, text.ok && text.value]);
});

t.test('what joins a line to its trace is added where it is missing', async (t) => {
  const keys = (format: LogFormat) => format.type === 'json' && format.fields.map(({ key }) => key);
  t.same(keys(withTraceKeys(json({ code: '%RESPONSE_CODE%' }))), ['code', 'trace_id', 'span_id', 'grpc_status']);
  t.same(keys(withTraceKeys(json({ t: '%TRACE_ID%', s: '%SPAN_ID%', g: '%GRPC_STATUS_NUMBER%' }))), ['t', 's', 'g']);
  t.same(
    keys(withTraceKeys(json({ trace_id: 'mine' }))),
    ['trace_id', 'span_id', 'grpc_status'],
    'a key is not doubled',
  );
});

t.test('a record of the stream is read strictly', async (t) => {
  const source = JSON.stringify({ service: 'shop/web', version: '1', keys: { trace: 'trace_id' } });
  const header = (text: string) => (name: string) => (name === SOURCE_HEADER ? text : name === LINES_HEADER ? '2' : '');
  t.same(readBatch(Buffer.from('a\nb\n'), header(source)), {
    ok: true,
    value: { source: JSON.parse(source), lines: ['a', 'b'] },
  });
  t.match(readBatch(Buffer.from('a\n'), header('')), { ok: false, error: /not JSON/ });
  t.match(readBatch(Buffer.from('a\n'), header('{"service":1}')), { ok: false });
  t.match(readBatch(Buffer.alloc(300_000), header(source)), { ok: false, error: /300000 bytes/ });
  t.match(readBatch(Buffer.from('\n'.repeat(10_000)), header(source)), { ok: false, error: /10000 lines/ });
});

t.test('the longest line fits into a record of the stream', async (t) => {
  t.ok(LONGEST_LINE <= MAX_BATCH_BYTES);
});
