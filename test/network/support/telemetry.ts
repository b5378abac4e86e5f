/**
 * Two hosts whose agents trace and log every request, and a real OpenTelemetry collector on a third, beside control: spans come to it from
 * the agents, log records from control, which takes the lines from the stream TOWPATH_LOG. What it has got, it writes into files.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { TestLab, TopologyInput } from './lab.ts';
import { folderOf, nginx, type Program, pairServices } from './pair.ts';

const COLLECTOR = new URL('../../../.tools/bin/otel-collector', import.meta.url).pathname;
const PORTS = { web: 8080 };
export const URL_OF_WEB = 'http://web.test:8080';

const CONFIG = `
receivers: { otlp: { protocols: { http: { endpoint: "0.0.0.0:4318" } } } }
exporters:
  file/traces: { path: ./traces.jsonl, append: true, flush_interval: 100ms }
  file/logs: { path: ./logs.jsonl, append: true, flush_interval: 100ms }
service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    traces: { receivers: [otlp], exporters: [file/traces] }
    logs: { receivers: [otlp], exporters: [file/logs] }
`;

/** Its process id is in a file, so that a test can make it hang. */
const collector: Program = {
  name: 'collector',
  command: ['sh', '-c', `echo $$ > pid; exec ${COLLECTOR} --config file:collector.yaml`],
  ready: { port: 4318 },
  files: { 'collector.yaml': CONFIG },
};

/** @param percent of requests without a decision of their own that are traced */
export function tracedPair(percent: number): TopologyInput {
  const server = `server { listen ${PORTS.web}; listen [::]:${PORTS.web};
    location / { return 200 "ok\\n"; } location /fail { return 500; } location /missing { return 404; } }`;
  const telemetry = {
    accessLog: { stream: true },
    tracing: { endpoint: 'http://control:4318/v1/traces', percent },
  };
  const workload = (name: string, ports: object): object => ({ name, namespace: 'test', labels: { app: name }, ports });
  return {
    control: 'control',
    controlOptions: ['--otlp-logs', 'http://127.0.0.1:4318/v1/logs'],
    hosts: {
      control: { programs: [collector] },
      client: { agent: { config: { ...telemetry, workloads: [workload('caller', { own: 9000 })] } } },
      server: {
        agent: { config: { ...telemetry, workloads: [workload('server', PORTS)] } },
        programs: [nginx(server, PORTS.web)],
      },
    },
  };
}

/** The service is there, and answers. */
export async function prepareTraced(lab: TestLab): Promise<void> {
  await lab.apply(pairServices(PORTS));
  await lab.waitFor('an answer', 30_000, async () => {
    const { stdout } = await lab.exec('client', ['curl', '-s', '-m', '5', '-H', UNTRACED, `${URL_OF_WEB}/`]);
    return stdout === 'ok\n';
  });
}
/** A decision that is kept: no spans. */
const UNTRACED = 'traceparent: 00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-00';

/** Stops, or lets go on, the collector: it keeps its connections, and answers nothing. */
export async function signalCollector(lab: TestLab, signal: 'STOP' | 'CONT' | 'KILL'): Promise<void> {
  const pid = readFileSync(join(folderOf(lab, 'control', 'collector'), 'pid'), 'utf8').trim();
  await lab.run('control', ['kill', `-${signal}`, pid]);
}

type Attributes = Readonly<Record<string, string>>;

export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** 2: of a server, 3: of a client. */
  readonly kind: number;
  readonly resource: Attributes;
  readonly attributes: Attributes;
}

export interface SeenLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly severityText: string;
  readonly body: string;
  readonly resource: Attributes;
  readonly attributes: Attributes;
}

interface RawAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}
interface RawItem {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly kind?: number;
  readonly severityText?: string;
  readonly body?: { readonly stringValue?: string };
  readonly attributes?: readonly RawAttribute[];
}
interface RawScope {
  readonly spans?: readonly RawItem[];
  readonly logRecords?: readonly RawItem[];
}
interface RawResource {
  readonly resource: { readonly attributes: readonly RawAttribute[] };
  readonly scopeSpans?: readonly RawScope[];
  readonly scopeLogs?: readonly RawScope[];
}

/** How many there are, of files of any size. */
export function countIn(lab: TestLab, kind: 'traces' | 'logs'): number {
  const mark = Buffer.from(kind === 'traces' ? '"startTimeUnixNano"' : '"observedTimeUnixNano"');
  const file = openSync(join(folderOf(lab, 'control', 'collector'), `${kind}.jsonl`), 'r');
  const buffer = Buffer.alloc(4 * 1024 * 1024);
  let found = 0;
  // What is left of a piece, so that a mark on its edge is seen once.
  let kept = 0;
  for (let bytes = 0; ; ) {
    bytes = readSync(file, buffer, kept, buffer.length - kept, null);
    if (bytes === 0) break;
    const piece = buffer.subarray(0, kept + bytes);
    for (let at = piece.indexOf(mark); at >= 0; at = piece.indexOf(mark, at + 1)) found++;
    kept = Math.min(mark.length - 1, piece.length);
    buffer.copy(buffer, 0, piece.length - kept, piece.length);
  }
  closeSync(file);
  return found;
}

/** All spans that the collector has got so far. */
export function spansIn(lab: TestLab): SeenSpan[] {
  return itemsIn(lab, 'traces').map(({ item, resource }) => ({
    traceId: item.traceId ?? '',
    spanId: item.spanId ?? '',
    parentSpanId: item.parentSpanId ?? '',
    kind: item.kind ?? 0,
    resource,
    attributes: flat(item.attributes ?? []),
  }));
}

/** All log records. */
export function logsIn(lab: TestLab): SeenLog[] {
  return itemsIn(lab, 'logs').map(({ item, resource }) => ({
    traceId: item.traceId ?? '',
    spanId: item.spanId ?? '',
    severityText: item.severityText ?? '',
    body: item.body?.stringValue ?? '',
    resource,
    attributes: flat(item.attributes ?? []),
  }));
}

/** A request of OTLP on each line; the last may still be under way. */
function itemsIn(lab: TestLab, kind: 'traces' | 'logs'): { readonly item: RawItem; readonly resource: Attributes }[] {
  const lines = readFileSync(join(folderOf(lab, 'control', 'collector'), `${kind}.jsonl`), 'utf8').split('\n');
  lines.pop();
  return lines.flatMap((line) => {
    const body = JSON.parse(line) as Readonly<Record<string, readonly RawResource[]>>;
    return (body['resourceSpans'] ?? body['resourceLogs'] ?? []).flatMap(({ resource, scopeSpans, scopeLogs }) =>
      [...(scopeSpans ?? []), ...(scopeLogs ?? [])].flatMap(({ spans, logRecords }) =>
        [...(spans ?? []), ...(logRecords ?? [])].map((item) => ({ item, resource: flat(resource.attributes) })),
      ),
    );
  });
}

function flat(attributes: readonly RawAttribute[]): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
