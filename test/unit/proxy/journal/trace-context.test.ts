import t from 'tap';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import type { Inserted } from '../../../../src/proxy/codec/http2/hpack-inserted.ts';
import { Draft } from '../../../../src/proxy/journal/draft.ts';
import { loadRules } from '../../../../src/proxy/journal/load-rules.ts';
import { beginTrace, newTraceFields, traceEdits } from '../../../../src/proxy/journal/trace-context.ts';
import { BIT_SAMPLED } from '../../../../src/telemetry/records/record-layout.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';

function headOf(fields: Readonly<Record<string, string>>) {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return parseRequest(`GET / HTTP/1.1\r\nHost: a\r\n${lines.join('')}\r\n`);
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

interface Outcome {
  /** New `traceparent` of a request that came without a context. */
  readonly fresh: string | null;
  /** Fields that are replaced in a context that came. */
  readonly edits: Readonly<Record<string, string | null>>;
  readonly isSampled: boolean;
  readonly exported: boolean;
}

function decide(fields: Record<string, string>, percent: number, random = 0.5): Outcome {
  const draft = new Draft(loadRules(NO_RULES));
  draft.reset(loadRules(NO_RULES), 0);
  beginTrace(draft, { index: 0, percent, reports: true }, bytes, headOf(fields), () => random);
  const [fresh] = newTraceFields(draft, []).map(textOf);
  const edits = traceEdits(draft, null)?.edits ?? [];
  return {
    fresh: fresh ?? null,
    edits: Object.fromEntries(edits.map(({ name, value }) => [name, value])),
    isSampled: draft.isSampled,
    exported: (draft.bits & BIT_SAMPLED) !== 0,
  };
}

function textOf({ name, value }: Inserted): string {
  t.equal(Buffer.from(name).toString(), 'traceparent');
  return Buffer.from(value).toString();
}

t.test('a request without a context begins a trace; the decision goes with it', async (t) => {
  const sampled = decide({}, 100);
  t.match(sampled.fresh, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  t.ok(sampled.exported);
  const not = decide({}, 0);
  t.match(not.fresh, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  t.notOk(not.exported);
  t.ok(decide({}, 1, 0.009).isSampled, 'below one percent');
  t.notOk(decide({}, 1, 0.011).isSampled, 'above');
});

t.test('a decision that comes with a request is kept, whatever the rule says', async (t) => {
  const cases: [fields: Record<string, string>, isSampled: boolean][] = [
    [{ traceparent: `00-${TRACE}-${SPAN}-01` }, true],
    [{ traceparent: `00-${TRACE}-${SPAN}-00` }, false],
    [{ traceparent: `00-${TRACE}-${SPAN}-03` }, true],
    [{ traceparent: `cc-${TRACE}-${SPAN}-01-what-comes-later` }, true],
    [{ b3: `${TRACE}-${SPAN}-1` }, true],
    [{ b3: `${TRACE}-${SPAN}-d` }, true],
    [{ b3: `${TRACE}-${SPAN}-0-${SPAN}` }, false],
    [{ b3: '0' }, false],
    [{ b3: '1' }, true],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }, true],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '0' }, false],
    [{ 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-flags': '1' }, true],
    [{ 'x-b3-sampled': '0' }, false],
    [{ traceparent: `00-${TRACE}-${SPAN}-00`, b3: `${TRACE}-${SPAN}-1` }, false],
  ];
  for (const [fields, isSampled] of cases)
    for (const percent of [0, 100]) t.equal(decide(fields, percent).isSampled, isSampled, JSON.stringify(fields));
});

t.test('what is sampled goes on under our span, in the fields that it came in', async (t) => {
  const w3c = decide({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=b' }, 0);
  t.equal(w3c.fresh, null);
  t.same(Object.keys(w3c.edits), ['traceparent']);
  t.match(w3c.edits['traceparent'], new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`));
  const b3 = decide({ b3: `${TRACE}-${SPAN}-1` }, 0);
  t.match(b3.edits['b3'], new RegExp(`^${TRACE}-[0-9a-f]{16}-1-${SPAN}$`));
  t.match(b3.edits['traceparent'], new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  const many = decide({ 'X-B3-TraceId': TRACE.slice(16), 'X-B3-SpanId': SPAN, 'X-B3-Sampled': 'true' }, 0);
  t.equal(many.edits['x-b3-parentspanid'], SPAN);
  t.match(many.edits['traceparent'], new RegExp(`^00-0{16}${TRACE.slice(16)}-`), 'short ids are padded');
});

t.test('a context that is not sampled passes untouched', async (t) => {
  for (const fields of [{ traceparent: `00-${TRACE}-${SPAN}-00` }, { b3: `${TRACE}-${SPAN}-0` }]) {
    const { fresh, edits, exported } = decide(fields, 100);
    t.same([fresh, edits, exported], [null, {}, false]);
  }
});

t.test('a context that is none is replaced by a new one', async (t) => {
  const wrong: Record<string, string>[] = [
    { traceparent: 'nonsense' },
    { traceparent: `ff-${TRACE}-${SPAN}-01` },
    { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` },
    { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` },
    { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` },
    { traceparent: `00-${TRACE}-${SPAN}-01-more` },
    { traceparent: `00-${TRACE}-${SPAN}-0g` },
    { b3: `${TRACE}-` },
    { b3: 'x'.repeat(40) },
    { 'x-b3-traceid': '12', 'x-b3-spanid': SPAN },
  ];
  for (const fields of wrong)
    t.match(decide(fields, 100).fresh, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, JSON.stringify(fields));
});

t.test('an id of a request and a context are inserted together', async (t) => {
  const draft = new Draft(loadRules(NO_RULES));
  draft.reset(loadRules(NO_RULES), 0);
  const id: Inserted = { name: Buffer.from('x-request-id'), value: Buffer.from('1') };
  t.same(newTraceFields(draft, [id]), [id], 'nothing is traced');
  beginTrace(draft, { index: 0, percent: 0, reports: true }, bytes, headOf({}), () => 0.5);
  t.same(
    newTraceFields(draft, [id]).map(({ name }) => Buffer.from(name).toString()),
    ['x-request-id', 'traceparent'],
  );
});
