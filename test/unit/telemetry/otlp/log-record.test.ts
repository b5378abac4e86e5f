import t from 'tap';
import { keysOf, type LogSource, withTraceKeys } from '../../../../src/contract/log-batch.ts';
import { DEFAULT_JSON, parseJsonFormat } from '../../../../src/contract/log-format.ts';
import { type HostLines, logsBody } from '../../../../src/telemetry/otlp/log-record.ts';

const format = parseJsonFormat(DEFAULT_JSON);
if (!format.ok) throw new Error('the default format is none');
const SOURCE: LogSource = { service: 'shop/web', version: '1.2.3', keys: keysOf(withTraceKeys(format.value)) };
const FINE = {
  start_time: '2026-11-29T09:03:00.120Z',
  direction: 'outbound',
  method: 'GET',
  path: '/a?b=c',
  response_code: 200,
  response_flags: null,
  service: 'shop/orders',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  id: '4f1c09ab2e7-1',
};

function batch(lines: readonly unknown[], source = SOURCE): HostLines {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  return { host: 'shop-01', source, arrivedMs: 1_800_000_000_000, lines: texts };
}

/** The records of a body, each with its resource, attributes as objects. */
function recordsIn(body: string) {
  const flat = (list: { key: string; value: object }[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
  return JSON.parse(body).resourceLogs.flatMap(
    (one: { resource: { attributes: [] }; scopeLogs: { logRecords: { attributes: [] }[] }[] }) =>
      one.scopeLogs.flatMap(({ logRecords }) =>
        logRecords.map((record) => ({
          ...record,
          attributes: flat(record.attributes),
          resource: flat(one.resource.attributes),
        })),
      ),
  );
}

t.test('a line becomes a record that joins its trace', async (t) => {
  const [record] = recordsIn(logsBody([batch([FINE])]));
  t.same(record, {
    timeUnixNano: String(BigInt(Date.parse(FINE.start_time)) * 1_000_000n),
    observedTimeUnixNano: '1800000000000000000',
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: JSON.stringify(FINE) },
    traceId: FINE.trace_id,
    spanId: FINE.span_id,
    attributes: {
      'log.type': 'access',
      'http.request.method': 'GET',
      'towpath.direction': 'outbound',
      'towpath.service': 'shop/orders',
      'towpath.id': '4f1c09ab2e7-1',
      'url.path': '/a',
      'http.response.status_code': '200',
    },
    resource: {
      'service.name': 'shop/web',
      'host.name': 'shop-01',
      'telemetry.sdk.name': 'towpath',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.version': '1.2.3',
    },
  });
});

t.test('severity says whose fault it was', async (t) => {
  for (const [fields, severity] of [
    [{}, 'INFO'],
    [{ response_code: 404 }, 'WARN'],
    [{ response_code: 429, response_flags: 'RL' }, 'WARN'],
    [{ response_code: 503, response_flags: 'UF' }, 'ERROR'],
    [{ response_code: 500 }, 'ERROR'],
    [{ grpc_status: 14 }, 'ERROR'],
    [{ grpc_status: 5 }, 'INFO'],
    [{ response_flags: 'DC' }, 'INFO'],
    [{ response_code: 0, response_flags: 'UF' }, 'ERROR'],
  ] as const) {
    const [record] = recordsIn(logsBody([batch([{ ...FINE, ...fields }])]));
    t.equal(record.severityText, severity, JSON.stringify(fields));
  }
});

t.test('what arrives belongs to the workload that is called, everything else to whoever calls here', async (t) => {
  const inbound = { ...FINE, direction: 'inbound' };
  const body = logsBody([batch([FINE, inbound, { ...inbound, service: null }]), batch([FINE])]);
  t.same(
    recordsIn(body).map((one: { resource: Record<string, string> }) => one.resource['service.name']),
    ['shop/web', 'shop/web', 'shop/orders', 'shop/web'],
  );
});

t.test('whatever a line is, it arrives', async (t) => {
  const text: LogSource = { ...SOURCE, keys: {} };
  const bad = ['no json', 'null', '7', '[]', '{"trace_id":"short","start_time":"never","response_code":"200"}'];
  for (const one of [...recordsIn(logsBody([batch(bad)])), ...recordsIn(logsBody([batch(['GET / 200'], text)]))]) {
    t.match(one, { severityText: 'INFO', timeUnixNano: '1800000000000000000', body: { stringValue: /./ } });
    t.notOk('traceId' in one || 'spanId' in one);
  }
});
