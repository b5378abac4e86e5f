/** Spans and log records of two sidecars in a real OpenTelemetry collector; then the collector hangs and dies under load. */
import t from 'tap';
import { type TestLab, withLab } from './support/lab.ts';
import { startLoad } from './support/load.ts';
import { parseMetrics } from './support/metrics.ts';
import {
  countIn,
  logsIn,
  prepareTraced,
  signalCollector,
  spansIn,
  tracedPair,
  URL_OF_WEB,
} from './support/telemetry.ts';

const TRACED = 60;
const UNTRACED = 20;
const PATIENCE_MS = 60_000;
const OUTAGE_MS = 8_000;

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
const traceOf = (n: number): string => `c0ffee${hex(n, 26)}`;
const programOf = (n: number): string => hex(n + 1, 16);
const pathOf = (n: number): string => (n % 6 === 4 ? '/fail' : n % 6 === 5 ? '/missing' : '/');

/** One curl that sends them one after the other, each with a context of its own. */
async function sendRequests(lab: TestLab): Promise<void> {
  const config = Array.from({ length: TRACED + UNTRACED }, (_, n) => {
    const context = `00-${traceOf(n)}-${programOf(n)}-${n < TRACED ? '01' : '00'}`;
    return `url = "${URL_OF_WEB}${pathOf(n)}"\nheader = "traceparent: ${context}"\noutput = "/dev/null"\nsilent\n`;
  });
  await lab.run('client', ['curl', '-m', '30', '--config', '-'], config.join('next\n'));
}

async function exported(lab: TestLab): Promise<number> {
  const page = await lab.run('control', ['curl', '-sf', 'http://127.0.0.1:15010/metrics']);
  return parseMetrics(page).value('towpath_control_log_records_exported_total');
}

interface Sent {
  readonly spans: number;
  readonly spansDropped: number;
  readonly lines: number;
  readonly linesDropped: number;
}

/** Of both agents. */
async function sentBy(lab: TestLab): Promise<Sent> {
  const pages = await Promise.all(['client', 'server'].map((host) => lab.metrics(host)));
  const sum = (name: string, labels = {}): number => pages.reduce((all, page) => all + page.value(name, labels), 0);
  return {
    spans: sum('towpath_spans_exported_total'),
    spansDropped: sum('towpath_spans_dropped_total') + sum('towpath_records_dropped_total'),
    lines: sum('towpath_access_log_lines_total', { sink: 'stream' }),
    linesDropped: sum('towpath_access_log_dropped_total'),
  };
}

t.setTimeout(240_000);

await withLab(tracedPair(100), async (lab) => {
  await prepareTraced(lab);
  const ours = (traceId: string): boolean => traceId.startsWith('c0ffee');

  await t.test('each hop is a span under the one before, and each log record belongs to its span', async (t) => {
    await sendRequests(lab);
    const all = 2 * (TRACED + UNTRACED);
    await lab.waitFor('all spans', PATIENCE_MS, async () => spansIn(lab).length >= 2 * TRACED);
    await lab.waitFor(
      'all log records',
      PATIENCE_MS,
      async () => logsIn(lab).filter((one) => ours(one.traceId)).length >= all,
    );
    const spans = Map.groupBy(spansIn(lab), ({ traceId }) => traceId);
    const logs = Map.groupBy(
      logsIn(lab).filter(({ traceId }) => ours(traceId)),
      ({ traceId }) => traceId,
    );
    t.equal(spans.size, TRACED, 'nothing of what is not sampled');
    t.equal(logs.size, TRACED + UNTRACED);
    for (let n = 0; n < TRACED + UNTRACED; n++) {
      const found = spans.get(traceOf(n)) ?? [];
      const client = found.find(({ kind }) => kind === 3);
      const server = found.find(({ kind }) => kind === 2);
      const records = logs.get(traceOf(n)) ?? [];
      const [outbound, inbound] = ['outbound', 'inbound'].map((way) =>
        records.find((one) => one.attributes['towpath.direction'] === way),
      );
      const status = pathOf(n) === '/' ? '200' : pathOf(n) === '/fail' ? '500' : '404';
      const seen = {
        spans: found.length,
        under: [client?.parentSpanId, server?.parentSpanId],
        spanHosts: [client?.resource['host.name'], server?.resource['host.name']],
        records: records.length,
        logHosts: [outbound?.resource['host.name'], inbound?.resource['host.name']],
        services: [outbound?.resource['service.name'], inbound?.resource['service.name']],
        statuses: records.map((one) => one.attributes['http.response.status_code']),
        severities: new Set(records.map(({ severityText }) => severityText)),
      };
      const isTraced = n < TRACED;
      t.same(
        seen,
        {
          spans: isTraced ? 2 : 0,
          under: isTraced ? [programOf(n), client?.spanId] : [undefined, undefined],
          spanHosts: isTraced ? ['client', 'server'] : [undefined, undefined],
          records: 2,
          logHosts: ['client', 'server'],
          services: ['test/caller', 'test/server'],
          statuses: [status, status],
          severities: new Set([status === '200' ? 'INFO' : status === '500' ? 'ERROR' : 'WARN']),
        },
        `request ${n}`,
      );
      if (isTraced)
        t.same([outbound?.spanId, inbound?.spanId], [client?.spanId, server?.spanId], `spans of request ${n}`);
    }
    await lab.waitFor(
      'control to count what has arrived',
      PATIENCE_MS,
      async () => (await exported(lab)) === logsIn(lab).length,
    );
    await lab.waitFor('the agents to count', PATIENCE_MS, async () => (await sentBy(lab)).spans >= 2 * TRACED);
    t.same(await sentBy(lab), { spans: 2 * TRACED, spansDropped: 0, lines: logsIn(lab).length, linesDropped: 0 });
  });

  await t.test(
    'a collector that hangs, and then dies, holds up nobody; what waits is bounded, the rest is counted',
    async (t) => {
      const before = { sent: await sentBy(lab), logs: countIn(lab, 'logs') };
      await signalCollector(lab, 'STOP');
      const load = await startLoad(lab, 'client', { url: `${URL_OF_WEB}/`, clients: 4, pauseMs: 4 });
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS / 2));
      await signalCollector(lab, 'KILL');
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS / 2));
      // A host's spans that find no room are those beyond 4,096 and what is under way.
      await lab.waitFor('more spans than may wait', PATIENCE_MS, async () => (await sentBy(lab)).spansDropped > 1_000);
      const { requests, failed, problems } = await load.stop();
      t.equal(failed, 0, problems.join('; '));
      const made = 2 * requests;
      // Main reads the last records a moment after the last answer.
      await lab.waitFor('no more spans to wait than may', PATIENCE_MS, async () => {
        const { spans, spansDropped } = await sentBy(lab);
        return made - (spans - before.sent.spans) - spansDropped <= 2 * 4_096;
      });
      await lab.start('control', 'collector');
      await lab.waitFor('all log records', PATIENCE_MS, async () => countIn(lab, 'logs') - before.logs >= made);
      await lab.waitFor('the spans that waited', PATIENCE_MS, async () => {
        const { spans, spansDropped } = await sentBy(lab);
        return spans - before.sent.spans + spansDropped === made;
      });
      const after = await sentBy(lab);
      t.equal(countIn(lab, 'logs') - before.logs, made, 'log records waited in the stream');
      t.equal(after.lines - before.sent.lines, made);
      t.equal(after.linesDropped, 0);
      t.equal(countIn(lab, 'traces'), after.spans, 'what was not dropped has arrived');
    },
  );
});
