/** Frames that cost the sender nothing, as fast as they go: the flood ends with ENHANCE_YOUR_CALM, and nobody else notices. */
import './support/inside.ts';

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Metrics } from '../network/support/metrics.ts';
import { DEAF, type Flood, flood, lowerPriority, type Outcome } from './support/attack.ts';
import {
  CODE,
  dataFrame,
  END_HEADERS,
  frame,
  headersFrame,
  pingFrame,
  resetFrame,
  settingsFrame,
  TYPE,
  windowFrame,
} from './support/frames.ts';
import { request } from './support/hpack.ts';
import { folder } from './support/inside.ts';
import { Neighbour } from './support/neighbour.ts';
import { POLITE } from './support/raw-peer.ts';
import { Rig } from './support/rig.ts';

/** Connections that flood one after the other. */
const ATTACKS = 5;
/** The agent's CPU for one flood, ms. */
const MOST_CPU = 400;
const MOST_GROWN = 16 << 20;

t.setTimeout(120_000);
const rig = await Rig.start(t, { web: null, neighbour: null });
const { web, neighbour } = rig.services;
writeFileSync(join(folder, 'index.html'), 'hello\n');
for (const service of [web, neighbour]) {
  await rig.serve(service, ['nghttpd', '--no-tls', '-d', folder, String(service.port)]);
}

const GET = request('GET', '/');
const POST = request('POST', '/');
const NONE = Buffer.alloc(0);
const odd = (n: number): number => 1 + 2 * n;
const repeat = (count: number, make: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));
/** `perBatch` messages in each batch, numbered through. */
const numbered =
  (perBatch: number, make: (n: number) => Buffer) =>
  (batch: number): Buffer =>
    repeat(perBatch, (i) => make(batch * perBatch + i));
const same = (perBatch: number, message: Buffer) => {
  const bytes = repeat(perBatch, () => message);
  return (): Buffer => bytes;
};

const BASE = { habits: DEAF, opening: NONE, batches: 200, perBatch: 500 } as const;

const FLOODS: readonly Flood[] = [
  {
    ...BASE,
    title: 'rapid reset: streams that are cancelled as they open',
    batch: numbered(500, (n) => Buffer.concat([headersFrame(odd(n), GET, true), resetFrame(odd(n), CODE.CANCEL)])),
  },
  {
    ...BASE,
    title: 'MadeYouReset: streams that the proxy has to reset, by windows that overflow',
    batch: numbered(500, (n) => Buffer.concat([headersFrame(odd(n), POST, false), windowFrame(odd(n), 0x7fff_ffff)])),
  },
  {
    ...BASE,
    title: 'MadeYouReset: by an increment of zero',
    batch: numbered(500, (n) => Buffer.concat([headersFrame(odd(n), POST, false), windowFrame(odd(n), 0)])),
  },
  {
    ...BASE,
    title: 'MadeYouReset: by DATA after the end',
    batch: numbered(500, (n) => Buffer.concat([headersFrame(odd(n), GET, true), dataFrame(odd(n), 'x', false)])),
  },
  {
    ...BASE,
    title: 'CONTINUATION without end, each with a field',
    opening: frame(TYPE.HEADERS, 0, 1, GET),
    batch: same(
      500,
      frame(
        TYPE.CONTINUATION,
        0,
        1,
        Buffer.concat([Buffer.from([0, 3]), Buffer.from('x-a'), Buffer.from([1]), Buffer.from('b')]),
      ),
    ),
  },
  {
    ...BASE,
    title: 'CONTINUATION without end, all empty',
    opening: frame(TYPE.HEADERS, 0, 1, GET),
    batch: same(500, frame(TYPE.CONTINUATION, 0, 1)),
  },
  { ...BASE, title: 'SETTINGS', batch: same(500, settingsFrame([[3, 100]])) },
  {
    ...BASE,
    title: 'SETTINGS by a client that never reads',
    batch: same(
      500,
      settingsFrame([
        [1, 4096],
        [4, 65_535],
      ]),
    ),
  },
  { ...BASE, title: 'PING', batch: same(500, pingFrame()) },
  {
    ...BASE,
    title: 'empty DATA',
    opening: headersFrame(1, POST, false),
    batch: same(500, dataFrame(1, '', false)),
  },
  {
    ...BASE,
    title: 'DATA that is all padding',
    opening: headersFrame(1, POST, false),
    batch: same(500, frame(TYPE.DATA, 8, 1, Buffer.from([0]))),
  },
  {
    ...BASE,
    title: 'empty trailers over and over',
    batch: numbered(500, (n) =>
      Buffer.concat([headersFrame(odd(n), POST, false), frame(TYPE.HEADERS, END_HEADERS, odd(n))]),
    ),
  },
  {
    ...BASE,
    title: 'PRIORITY',
    batch: numbered(500, (n) => frame(TYPE.PRIORITY, 0, odd(n % 1000), Buffer.from([0, 0, 0, 0, 1]))),
  },
  { ...BASE, title: 'frames of an unknown type', batch: same(500, frame(0xee, 0, 0, Buffer.alloc(10))) },
  {
    ...BASE,
    title: 'WINDOW_UPDATE by 1',
    habits: { ...POLITE, reads: false },
    batch: same(500, windowFrame(0, 1)),
  },
];

/** Where answers are out before the flood goes on, its DATA meets a closed stream: a connection error at once (RFC 9113 5.1). */
const SOONER: ReadonlySet<string> = new Set(['MadeYouReset: by DATA after the end']);

/** ENHANCE_YOUR_CALM; a close alone when the reset that follows unread bytes has overtaken it. */
function isCalmed({ goaway, closed }: Outcome, title: string): boolean {
  if (goaway === CODE.STREAM_CLOSED) return SOONER.has(title);
  return goaway === CODE.ENHANCE_YOUR_CALM || (goaway === null && closed);
}

const guard = await Neighbour.start(rig, neighbour);
lowerPriority();

for (const attack of FLOODS) {
  await t.test(attack.title, async (t) => {
    const [cpu, rss] = [rig.agent.cpuMs(), rig.agent.rssBytes()];
    await guard.unharmed(t, async () => {
      for (let i = 0; i < ATTACKS; i++) {
        const outcome = await flood(t, web, attack);
        t.ok(
          isCalmed(outcome, attack.title),
          `after ${outcome.sent} of ${attack.batches * attack.perBatch}: ${JSON.stringify(outcome)}`,
        );
      }
    });
    const used = (rig.agent.cpuMs() - cpu) / ATTACKS;
    t.ok(used < MOST_CPU, `the agent spent ${used.toFixed(0)} ms on each, the neighbour's requests included`);
    const grown = rig.agent.rssBytes() - rss;
    t.ok(grown < MOST_GROWN, `and grew by ${grown} bytes`);
  });
}

await t.test('malformed requests are answered 400 one by one, for 30 us each at most', async (t) => {
  const count = 20_000;
  const bad = numbered(500, (n) => headersFrame(odd(n), request('GET', '/', [['Upper', 'x']]), true));
  const cpu = rig.agent.cpuMs();
  await guard.unharmed(t, async () => {
    const before = await rig.agent.metrics();
    const outcome = await flood(t, web, { ...BASE, title: '', batch: bad, batches: count / 500 });
    t.match(outcome, { goaway: null, sent: count });
    const answered = (metrics: Metrics): number => metrics.value('towpath_requests_total', { code: 400, flags: 'DPE' });
    t.equal(answered(await rig.agent.metrics()) - answered(before), count);
  });
  const used = rig.agent.cpuMs() - cpu;
  t.ok(used < 0.03 * count, `the agent spent ${used.toFixed(0)} ms, the neighbour's requests included`);
});

await t.test('the agent is sound at the end', async (t) => {
  await guard.stop();
  await rig.assertSound(t);
});
