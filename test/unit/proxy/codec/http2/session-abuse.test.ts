/** Issues that others had: what a peer may do for nothing is counted, and too much of it ends the connection. */
import t from 'tap';
import * as f from '../../../../../src/proxy/codec/http2/frames.ts';
import { DEFAULT_HTTP2_CONFIG } from '../../../../../src/proxy/codec/http2/http2-config.ts';
import {
  data,
  type Fields,
  frame,
  GET,
  headers,
  POST,
  ping,
  priority,
  reset,
  section,
  settings,
  windowUpdate,
} from './support/frame-text.ts';
import { type RigOptions, SessionRig, UNKNOWN_FRAME } from './support/session-rig.ts';

const { abuse } = DEFAULT_HTTP2_CONFIG;

interface Attack {
  readonly title: string;
  /** The n-th step of the attack, from 0. */
  readonly step: (n: number) => Buffer[];
  /** Steps that are allowed in one burst. */
  readonly allowed: number;
  readonly before?: readonly Buffer[];
}

const id = (n: number): number => 2 * n + 1;

const ATTACKS: readonly Attack[] = [
  {
    title: 'rapid reset (CVE-2023-44487)',
    step: (n) => [headers(id(n), GET, true), reset(id(n), 8)],
    allowed: abuse.peerResets,
  },
  {
    title: 'MadeYouReset by window overflow (CVE-2025-8671)',
    step: (n) => [headers(id(n), GET, true), windowUpdate(id(n), f.MAX_31_BIT)],
    allowed: abuse.provokedResets,
  },
  {
    title: 'MadeYouReset by DATA after the end',
    step: (n) => [headers(id(n), GET, true), data(id(n), 'x')],
    allowed: abuse.provokedResets,
  },
  {
    title: 'malformed requests',
    step: (n) => [headers(id(n), [[':method', 'GET']], true)],
    allowed: abuse.provokedResets,
  },
  { title: 'a flood of SETTINGS (CVE-2019-9515)', step: () => [settings()], allowed: abuse.settings - 1 },
  { title: 'a flood of PING (CVE-2019-9512)', step: () => [ping()], allowed: abuse.pings },
  {
    title: 'a flood of empty DATA (CVE-2019-9518)',
    before: [headers(1, POST)],
    step: () => [data(1, '')],
    allowed: abuse.emptyFrames,
  },
  {
    title: 'a flood of WINDOW_UPDATE',
    step: () => [windowUpdate(0, 1)],
    allowed: abuse.windowUpdates,
  },
  { title: 'a flood of PRIORITY (CVE-2019-9513)', step: (n) => [priority(id(n), 0)], allowed: abuse.ignoredFrames },
  { title: 'a flood of unknown frames', step: () => [UNKNOWN_FRAME], allowed: abuse.ignoredFrames },
];

function attack(one: Attack, steps: number, options: RigOptions = {}): SessionRig {
  const rig = new SessionRig('server', options).greet();
  rig.feed(...(one.before ?? []));
  for (let n = 0; n < steps && !rig.session.isOver; n++) rig.feed(...one.step(n));
  return rig;
}

for (const one of ATTACKS) {
  t.test(`${one.title}: ${one.allowed} a second are allowed, one more ends the connection`, (t) => {
    t.equal(attack(one, one.allowed).session.isOver, false);
    const rig = attack(one, one.allowed + 1);
    t.match(rig.frames().at(-1), /^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
    t.equal(rig.heard().at(-1), 'fatal ENHANCE_YOUR_CALM');
    t.equal(rig.memory.slab.chunksInUse, 0);
    t.end();
  });

  t.test(`${one.title}: half the rate goes on for ever`, (t) => {
    const rig = new SessionRig('server').greet();
    rig.feed(...(one.before ?? []));
    const half = Math.floor(one.allowed / 2);
    for (let second = 1, n = 0; second <= 6; second++) {
      rig.session.tick(second * 1000);
      for (let i = 0; i < half; i++) rig.feed(...one.step(n++));
    }
    t.equal(rig.session.isOver, false);
    t.end();
  });
}

t.test('useful streams pay for cancelled ones: every second request may be cancelled at any rate', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(windowUpdate(0, 1 << 30));
  rig.onRequest = (stream) => {
    if (stream.id % 4 === 1) stream.sendData(rig.memory.slab.composeArea, 10, true);
  };
  for (let n = 0; n < 5000; n++) rig.feed(headers(id(n), GET, true), ...(n % 2 === 1 ? [reset(id(n), 8)] : []));
  t.equal(rig.session.isOver, false);
  t.end();
});

t.test('a reset that comes after our complete answer is no abuse', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(windowUpdate(0, 1 << 30));
  rig.onRequest = (stream) => stream.sendData(rig.memory.slab.composeArea, 10, true);
  for (let n = 0; n < 2000; n++) rig.feed(headers(id(n), POST), reset(id(n), 0));
  t.equal(rig.session.isOver, false);
  t.end();
});

t.test('a peer that answers each of our frames with PING and WINDOW_UPDATE is no abuser', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, GET, true));
  for (let n = 0; n < 10_000; n++) {
    rig.sendData(1, 'x');
    rig.feed(windowUpdate(0, 1), windowUpdate(1, 1), ping());
    rig.frames();
  }
  t.equal(rig.session.isOver, false);
  t.end();
});

t.test('a flood of CONTINUATION (CVE-2024-27316) ends at the limit of frames', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(frame(f.HEADERS, 0, 1, section(GET)));
  let sent = 0;
  for (; !rig.session.isOver && sent < 1000; sent++) rig.feed(frame(f.CONTINUATION, 0, 1, section([['x', 'y']])));
  t.equal(sent, DEFAULT_HTTP2_CONFIG.maxContinuations + 1);
  t.same(rig.frames(), ['GOAWAY 0 ENHANCE_YOUR_CALM']);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('a head of more than 64 KiB in large frames ends the connection with no more memory than that', (t) => {
  const rig = new SessionRig('server').greet();
  const part = section([['x', 'y'.repeat(16_000)]]);
  rig.feed(frame(f.HEADERS, 0, 1, section(GET)));
  let sent = 0;
  for (; !rig.session.isOver && sent < 10; sent++) rig.feed(frame(f.CONTINUATION, 0, 1, part));
  t.equal(sent, 5);
  t.same(rig.frames(), ['GOAWAY 0 ENHANCE_YOUR_CALM']);
  t.end();
});

t.test('an HPACK bomb is answered 431 and the connection goes on', (t) => {
  const rig = new SessionRig('server').greet();
  // One entry of 3 KB in the table, then 100 references of one byte each: 300 KB decoded.
  const entry = Buffer.concat([Buffer.of(0x40, 1, 0x78, 0x7f, 0xb9, 0x16), Buffer.alloc(3000, 'v')]);
  const bomb = Buffer.concat([section(GET), entry, Buffer.alloc(100, 0xbe)]);
  rig.feed(frame(f.HEADERS, f.FLAG_END_HEADERS | f.FLAG_END_STREAM, 1, bomb));
  t.same(rig.frames(), ['HEADERS 1 END']);
  t.same(rig.heard(), ['refused 431', 'idle']);
  rig.feed(headers(3, GET, true));
  t.same(rig.heard(), ['request 3 GET end']);
  t.end();
});

t.test('a 431 to a request with a body also ends the body', (t) => {
  const rig = new SessionRig('server').greet();
  const large: Fields = [...POST, ...Array.from({ length: 8 }, (_, i) => [`x-${i}`, 'v'.repeat(9000)] as const)];
  const whole = section(large);
  const parts = [0, 1, 2, 3, 4].map((i) => whole.subarray(i * 16_000, (i + 1) * 16_000));
  const config = { maxHeaderListBytes: 32_768 };
  const small = new SessionRig('server', { config }).greet();
  const three = whole.subarray(0, section(large.slice(0, 9)).length);
  small.feed(
    frame(f.HEADERS, 0, 1, three.subarray(0, 16_000)),
    frame(f.CONTINUATION, 0, 1, three.subarray(16_000, 32_000)),
    frame(f.CONTINUATION, f.FLAG_END_HEADERS, 1, three.subarray(32_000)),
  );
  t.same(small.frames(), ['HEADERS 1 END', 'RST_STREAM 1 NO_ERROR']);
  t.same(small.heard(), ['refused 431', 'idle']);
  t.equal(parts.length, 5);
  rig.session.close('unused');
  t.end();
});

t.test('streams beyond the limit are refused, and count as abuse only once the client knows the limit', (t) => {
  const rig = new SessionRig('server', { config: { maxConcurrentStreams: 2 } });
  rig.feed(f.PREFACE, settings());
  rig.frames();
  const burst = (from: number, count: number): void => {
    for (let n = from; n < from + count; n++) rig.feed(headers(id(n), GET, true));
  };
  burst(0, 300);
  t.same([...new Set(rig.frames().map((frame) => frame.replace(/\d+/, 'n')))], ['RST_STREAM n REFUSED_STREAM']);
  t.equal(rig.heard().length, 2);
  rig.feed(frame(f.SETTINGS, f.FLAG_ACK, 0));
  burst(300, abuse.provokedResets);
  t.equal(rig.session.isOver, false);
  burst(400, 1);
  t.equal(rig.session.isOver, true);
  t.end();
});

t.test('a stream whose work goes on after its reset still counts toward concurrency', (t) => {
  const rig = new SessionRig('server', { config: { maxConcurrentStreams: 1 } }).greet();
  rig.feed(headers(1, GET, true));
  const first = rig.stream(1);
  const noted = first.user;
  first.user = {
    onHead: () => {},
    onData: () => {},
    onTrailers: () => {},
    onWritable: () => {},
    onReset: (code, unprocessed, sentence) => {
      noted?.onReset(code, unprocessed, sentence);
      first.hold();
    },
  };
  rig.feed(reset(1, 8), headers(3, GET, true));
  t.same(rig.frames(), ['RST_STREAM 3 REFUSED_STREAM']);
  t.same(rig.heard(), ['request 1 GET end', 'reset 1 CANCEL'], 'not idle yet');
  first.release();
  rig.flush();
  t.same(rig.heard(), ['idle']);
  rig.feed(headers(5, GET, true));
  t.same(rig.heard(), ['request 5 GET end']);
  t.end();
});

// === peers that keep us waiting ===

t.test('a client that grants no window loses its stream after the stall timeout', (t) => {
  const rig = new SessionRig('server', { config: { stallTimeoutMs: 60_000 } }).greet([4, 0]);
  rig.feed(headers(1, GET, true), headers(3, GET, true));
  rig.heard();
  rig.session.tick(1000);
  rig.sendData(1, 'never');
  rig.feed(settings([4, 0]));
  rig.frames();
  for (let s = 2; s <= 61; s++) rig.session.tick(s * 1000);
  rig.flush();
  t.same(rig.heard(), []);
  rig.session.tick(61_001);
  rig.flush();
  t.same(rig.frames(), ['RST_STREAM 1 CANCEL']);
  t.same(rig.heard(), ['reset 1 CANCEL']);
  t.equal(rig.session.keptBytes, 0);
  t.equal(rig.session.openStreams, 1, 'a stream that only waits for its answer is left alone');
  t.end();
});

t.test('a stream that moves a byte now and then is no stall', (t) => {
  const rig = new SessionRig('server').greet([4, 0]);
  rig.feed(headers(1, GET, true));
  rig.sendData(1, 'abcdef');
  for (let minute = 1; minute <= 5; minute++) {
    rig.session.tick(minute * 50_000);
    rig.feed(windowUpdate(1, 1));
  }
  t.equal(rig.stream(1).isClosed, false);
  t.end();
});

t.test('when buffers run short, stalled streams are given up sooner', (t) => {
  const rig = new SessionRig('server').greet([4, 0]);
  rig.feed(headers(1, GET, true));
  rig.sendData(1, 'never');
  rig.session.tick(60_001);
  t.equal(rig.stream(1).isClosed, false);
  const { slab } = rig.memory;
  while (slab.freeLargeChunks >= 256) slab.allocate(65_536);
  rig.session.tick(60_002);
  t.equal(rig.stream(1).isClosed, true);
  t.end();
});

t.test('a client that does not read at all loses the connection', (t) => {
  const rig = new SessionRig('server', { config: { stallTimeoutMs: 60_000 } }).greet();
  rig.feed(headers(1, GET, true));
  rig.full = true;
  rig.sendData(1, 'x');
  rig.session.tick(10_000);
  rig.session.tick(60_000);
  t.equal(rig.session.isOver, false);
  rig.session.tick(70_001);
  t.equal(rig.heard().at(-1), 'fatal ENHANCE_YOUR_CALM');
  t.end();
});

t.test('a head that is never completed ends the connection (slowloris)', (t) => {
  for (const begun of [headers(1, GET).subarray(0, 12), frame(f.HEADERS, 0, 1, section(GET)), ping().subarray(0, 3)]) {
    const rig = new SessionRig('server').greet();
    rig.session.tick(1000);
    rig.feed(begun);
    rig.session.tick(2000);
    rig.session.tick(62_000);
    t.equal(rig.session.isOver, false);
    rig.session.tick(62_001);
    t.equal(rig.heard().at(-1), 'fatal PROTOCOL_ERROR');
    t.equal(rig.memory.slab.chunksInUse, 0);
  }
  t.end();
});

t.test('a busy client whose bytes always end in the middle of a frame is not taken for one that stalls', (t) => {
  const rig = new SessionRig('server').greet();
  const whole = ping();
  rig.feed(whole.subarray(0, 3));
  for (let s = 1; s <= 200; s++) {
    rig.feed(whole.subarray(3), whole.subarray(0, 3));
    rig.session.tick(s * 1000);
  }
  t.equal(rig.session.isOver, false);
  t.end();
});

t.test('a peer that never acknowledges our SETTINGS loses the connection', (t) => {
  const rig = new SessionRig('server');
  rig.feed(f.PREFACE, settings());
  rig.session.tick(60_000);
  t.equal(rig.session.isOver, false);
  rig.session.tick(60_001);
  t.same(rig.heard(), ['fatal SETTINGS_TIMEOUT']);
  t.end();
});
