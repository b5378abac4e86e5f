/** Random frames, good and bad, against a session in both roles: never a crash or a hang, bounded output that parses again. */
import fc from 'fast-check';
import t from 'tap';
import * as f from '../../src/proxy/codec/http2/frames.ts';
import type { Role, SessionMemory } from '../../src/proxy/codec/http2/session-types.ts';
import * as text from '../unit/proxy/codec/http2/support/frame-text.ts';
import { makeHead } from '../unit/proxy/codec/http2/support/make-head.ts';
import { createMemory, PLAIN, SessionRig } from '../unit/proxy/codec/http2/support/session-rig.ts';
import { Ids, type Make, tame, wild } from './http2-pieces.ts';

/** Runs for each property; more by FUZZ_RUNS. The seed of a failure is printed by fast-check. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1500);
const memory: SessionMemory = createMemory();

/** What the owner does between two pieces. */
const act = fc.record({
  what: fc.constantFrom(
    'nothing',
    'nothing',
    'data',
    'end',
    'head',
    'trailers',
    'reset',
    'full',
    'drain',
    'tick',
    'open',
    'bye',
  ),
  size: fc.constantFrom(0, 1, 100, 20_000, 65_536),
  pick: fc.nat(5),
});

function perform(
  rig: SessionRig,
  { what, size, pick }: { what: string; size: number; pick: number },
  now: number,
): void {
  const stream = [...rig.streams.values()].at(-1 - pick);
  const { composeArea } = memory.slab;
  switch (what) {
    case 'head':
      return void stream?.sendHead(makeHead(memory, 'response', text.OK), PLAIN, size === 0);
    case 'data':
      return void stream?.sendData(composeArea, size, false);
    case 'end':
      return void stream?.sendData(composeArea, size, true);
    case 'trailers':
      return stream?.sendTrailers(makeHead(memory, 'trailers', [['x-sum', '1']]));
    case 'reset':
      return stream?.reset(size);
    case 'full':
      rig.full = true;
      return;
    case 'drain':
      return rig.drain();
    case 'tick':
      return rig.session.tick(now);
    case 'open':
      if (rig.session.capacity > 0) rig.open(makeHead(memory, 'request', text.POST), false);
      return;
    case 'bye':
      if (pick === 0) rig.session.shutdown();
      return;
    default:
      return;
  }
}

/** Frames of a session are whole, of known types, on sensible streams and no larger than the peer allows. */
function checkOutput(rig: SessionRig): number {
  const bytes = rig.takeBytes();
  const from = bytes.subarray(0, f.PREFACE.length).equals(f.PREFACE) ? f.PREFACE.length : 0;
  let expected = 0;
  for (const frame of text.readFrames(bytes.subarray(from))) {
    const { type, flags: flag, streamId, payload: content } = frame;
    if (type > f.CONTINUATION || type === f.PUSH_PROMISE || type === f.PRIORITY) throw new Error(`type ${type}`);
    if (content.length > 16_384) throw new Error(`${content.length} bytes`);
    if (expected !== 0 && (type !== f.CONTINUATION || streamId !== expected)) throw new Error('a head was interrupted');
    if (type === f.HEADERS || type === f.CONTINUATION) expected = flag & f.FLAG_END_HEADERS ? 0 : streamId;
    const isOfConnection = type === f.SETTINGS || type === f.PING || type === f.GOAWAY;
    if (type !== f.WINDOW_UPDATE && (streamId === 0) !== isOfConnection) throw new Error(text.describe(frame));
    if (type === f.WINDOW_UPDATE && content.readUInt32BE() === 0) throw new Error('a window update of 0');
  }
  return bytes.length;
}

type Step = readonly [Make, Parameters<typeof perform>[1]];

function run(role: Role, steps: readonly Step[], bytewise: boolean): SessionRig {
  const rig = new SessionRig(role, { memory, bytewise });
  rig.greet();
  const ids = new Ids();
  if (role === 'client') {
    for (let i = 0; i < 4; i++) {
      rig.open(makeHead(memory, 'request', text.POST), i % 2 === 0);
      ids.open();
    }
  }
  let fed = 0;
  let written = checkOutput(rig);
  let now = 0;
  for (const [make, action] of steps) {
    const bytes = make(ids);
    rig.feed(bytes);
    now += 400;
    perform(rig, action, now);
    rig.flush();
    fed += bytes.length + action.size;
    written += checkOutput(rig);
    if (rig.session.openStreams > 1_000) throw new Error('too many streams');
  }
  // Each byte of the peer makes us write only so much, whatever it says.
  if (written > 4_000 + 8 * fed) throw new Error(`${written} bytes written for ${fed}`);
  return rig;
}

/** How many sessions the frames ended. */
function fuzz(role: Role, makes: fc.Arbitrary<Make>): number {
  let over = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(makes, act), { maxLength: 40 }), (steps) => {
      const rig = run(role, steps, false);
      if (rig.session.isOver) over++;
      rig.session.close('the run is over');
      if (memory.slab.chunksInUse !== 0) throw new Error(`${memory.slab.chunksInUse} buffers left behind`);
      if (rig.session.keptBytes !== 0) throw new Error(`${rig.session.keptBytes} bytes kept`);
      if (rig.session.openStreams !== 0) throw new Error(`${rig.session.openStreams} streams left`);
    }),
    { numRuns: RUNS },
  );
  return over;
}

for (const role of ['server', 'client'] as const) {
  t.test(`${role}: whatever frames come, it neither throws nor hangs, and what it writes parses again`, (t) => {
    const over = fuzz(role, wild);
    t.ok(over > RUNS / 20 && over < RUNS, `${over} of ${RUNS} sessions were ended by the frames`);
    t.end();
  });

  t.test(`${role}: nor when most frames make sense`, (t) => {
    const over = fuzz(role, tame);
    t.ok(over < (RUNS * 3) / 4, `${over} of ${RUNS} sessions were ended by the frames`);
    t.end();
  });

  t.test(`${role}: arrival byte by byte leads to the same end`, (t) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(wild, tame), { maxLength: 10 }), (makes) => {
        const steps = makes.map((make): Step => [make, { what: 'nothing', size: 0, pick: 0 }]);
        const ends = [false, true].map((bytewise) => {
          const rig = run(role, steps, bytewise);
          const end = rig.heard().filter((what) => what.startsWith('fatal'));
          rig.session.close('the run is over');
          return end.join();
        });
        if (ends[0] !== ends[1]) throw new Error(`${ends[0]} against ${ends[1]}`);
      }),
      { numRuns: RUNS / 5 },
    );
    t.pass('all alike');
    t.end();
  });
}

t.test('random bytes after the preface end the session or wait for more', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const rig = new SessionRig('server', { memory });
      rig.feed(f.PREFACE, Buffer.from(bytes));
      checkOutput(rig);
      rig.session.close('the run is over');
      return memory.slab.chunksInUse === 0;
    }),
    { numRuns: RUNS },
  );
  t.pass('none threw');
  t.end();
});
