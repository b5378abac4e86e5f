/**
 * Sends spans to a collector by OTLP over HTTP, in JSON. What waits is bounded; what finds no room, or is refused, is dropped and
 * counted. A collector that is away is tried again with growing pauses, as the specification of OTLP has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordView } from '../records/record-view.ts';
import { atMost } from '../sinks/at-most.ts';
import { postJson } from './post-json.ts';
import { type OtlpSpan, spanOf } from './span-of.ts';

const MOST_WAITING = 4_096;
const BATCH = 512;
/** Spans wait so long for company, in ms. */
const GATHER_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface SpanCounts {
  readonly sent: number;
  readonly dropped: number;
  /** Why the last delivery failed; '' = it did not. */
  readonly problem: string;
}

export interface SpanSource {
  readonly host: string;
  /** Towpath's. */
  readonly version: string;
  /** `service.name` of what programs of this host call. */
  readonly service: string;
}

export class SpanExporter {
  readonly #url: URL;
  readonly #source: SpanSource;
  readonly #gatherMs: number;
  readonly #waiting: OtlpSpan[] = [];
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> | null = null;
  #stop = new AbortController();
  #sent = 0;
  #dropped = 0;
  #problem = '';

  constructor(url: string, source: SpanSource, gatherMs: number = GATHER_MS) {
    this.#url = new URL(url);
    this.#source = source;
    this.#gatherMs = gatherMs;
  }

  take(view: RecordView): void {
    if (this.#waiting.length >= MOST_WAITING || this.#stop.signal.aborted) this.#dropped++;
    else this.#waiting.push(spanOf(view, this.#source.host));
  }

  flush(): void {
    if (this.#waiting.length === 0 || this.#work !== null) return;
    if (this.#waiting.length >= BATCH) return this.#begin();
    this.#timer ??= setTimeout(() => this.#begin(), this.#gatherMs).unref();
  }

  counts(): SpanCounts {
    return { sent: this.#sent, dropped: this.#dropped, problem: this.#problem };
  }

  /** Delivers what waits, for at most `ms`; what is left is dropped. */
  async close(ms: number): Promise<void> {
    if (this.#problem === '') {
      this.#begin();
      await atMost(ms, this.#work);
    }
    this.#stop.abort();
    this.#dropped += this.#waiting.splice(0).length;
  }

  #begin(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#work ??= this.#deliver().finally(() => {
      this.#work = null;
      if (!this.#stop.signal.aborted) this.flush();
    });
  }

  async #deliver(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      const batch = this.#waiting.slice(0, BATCH);
      const outcome = await postJson(this.#url, bodyOf(batch, this.#source));
      if (this.#stop.signal.aborted) return;
      this.#problem = outcome.problem;
      if (outcome.type === 'later') {
        await sleep(pause, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {});
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        continue;
      }
      pause = FIRST_PAUSE_MS;
      this.#waiting.splice(0, batch.length);
      const refused = outcome.type === 'refused' ? batch.length : Math.min(outcome.rejected, batch.length);
      this.#sent += batch.length - refused;
      this.#dropped += refused;
    }
  }
}

/** Spans by what they belong to: the workload that was called, or whatever calls from here. */
function bodyOf(spans: readonly OtlpSpan[], source: SpanSource): Buffer {
  const scope = JSON.stringify({ name: 'towpath', version: source.version });
  const groups = Map.groupBy(spans, ({ called }) => (called === '' ? source.service : called));
  const bytes: Buffer[] = [];
  for (const [service, group] of groups) {
    const resource = JSON.stringify({ attributes: resourceOf(service, source) });
    const before = bytes.length === 0 ? '{"resourceSpans":[' : ',';
    bytes.push(Buffer.from(`${before}{"resource":${resource},"scopeSpans":[{"scope":${scope},"spans":[`));
    for (const [i, { json }] of group.entries()) bytes.push(...(i === 0 ? [json] : [COMMA, json]));
    bytes.push(GROUP_END);
  }
  return Buffer.concat([...bytes, END]);
}

const COMMA = Buffer.from(',');
const GROUP_END = Buffer.from(']}]}');
const END = Buffer.from(']}');

function resourceOf(service: string, { host, version }: SpanSource): unknown[] {
  const says = {
    'service.name': service,
    'host.name': host,
    'telemetry.sdk.name': 'towpath',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
  };
  return Object.entries(says).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
