/** Data out: windows, a full socket, turns, and what is kept back. */
import t from 'tap';
import { GET, headers, POST, ping, reset, settings, windowUpdate } from './support/frame-text.ts';
import { createMemory, type RigOptions, SessionRig } from './support/session-rig.ts';

const KB = 1024;
const text = (length: number): string => 'x'.repeat(length);

/** A server with the requests 1, 3, 5 ... under way. */
function serving(requests: number, options: RigOptions = {}): SessionRig {
  const rig = new SessionRig('server', options).greet();
  for (let i = 0; i < requests; i++) rig.feed(headers(2 * i + 1, GET, true));
  rig.heard();
  return rig;
}

t.test('what the windows allow leaves at once, in frames of at most 16 KiB, in one write', (t) => {
  const rig = serving(1);
  const before = rig.writes;
  t.equal(rig.sendData(1, text(40_000), true), true);
  t.same(rig.frames(), ['DATA 1 16384', 'DATA 1 16384', 'DATA 1 7232 END']);
  t.equal(rig.writes, before + 1);
  t.same(rig.heard(), ['idle']);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('what the stream window does not allow is kept until it opens, and the sender hears when it is gone', (t) => {
  const rig = serving(1);
  rig.feed(windowUpdate(0, 1 << 20));
  t.equal(rig.sendData(1, text(60_000)), true);
  t.equal(rig.sendData(1, text(6_000)), false);
  t.equal(rig.sendData(1, text(10), true), false, 'the end waits behind it');
  t.equal(rig.frames().at(-1), 'DATA 1 5535');
  t.ok(rig.session.keptBytes > 0);
  rig.feed(windowUpdate(1, 5));
  t.same(rig.frames(), ['DATA 1 "xxxxx"']);
  t.same(rig.heard(), []);
  rig.feed(windowUpdate(1, 1_000));
  t.same(rig.frames(), ['DATA 1 470 END']);
  t.same(rig.heard(), ['writable 1', 'idle']);
  t.equal(rig.session.keptBytes, 0);
  t.end();
});

t.test('an empty frame needs no window', (t) => {
  const rig = serving(1);
  rig.feed(windowUpdate(0, 1 << 20));
  rig.sendData(1, text(65_535));
  rig.frames();
  t.equal(rig.sendData(1, '', true), true);
  t.same(rig.frames(), ['DATA 1 "" END']);
  t.end();
});

t.test('streams that share the connection window take turns', (t) => {
  const rig = serving(3);
  rig.feed(settings([4, 1 << 20]));
  rig.sendData(1, text(65_535));
  for (const id of [1, 3, 5]) t.equal(rig.sendData(id, text(40 * KB), true), false);
  rig.frames();
  rig.feed(windowUpdate(0, 3 * 16_384));
  t.same(rig.frames(), ['DATA 1 16384', 'DATA 3 16384', 'DATA 5 16384']);
  rig.feed(windowUpdate(0, 1 << 20));
  const order = rig.frames().map((frame) => frame.slice(0, 6));
  t.same(order.slice(0, 6), ['DATA 1', 'DATA 3', 'DATA 5', 'DATA 1', 'DATA 3', 'DATA 5']);
  t.end();
});

t.test('SETTINGS that shrink the window make it negative, and it is made up for', (t) => {
  const rig = serving(1);
  rig.sendData(1, text(60_000));
  rig.feed(settings([4, 10_000]));
  rig.frames();
  t.equal(rig.sendData(1, 'abc'), false);
  rig.feed(windowUpdate(1, 50_000));
  t.same(rig.frames(), [], 'still at 0');
  rig.feed(windowUpdate(1, 2));
  t.same(rig.frames(), ['DATA 1 "ab"']);
  rig.feed(settings([4, 10_001]));
  t.same(rig.frames(), ['SETTINGS ACK', 'DATA 1 "c"']);
  t.same(rig.heard(), ['writable 1']);
  t.end();
});

t.test('SETTINGS that make a window overflow end the connection', (t) => {
  const rig = serving(1);
  rig.feed(windowUpdate(1, 0x7fff_ffff - 65_535), settings([4, 65_536]));
  t.same(rig.frames(), ['GOAWAY 1 FLOW_CONTROL_ERROR']);
  t.end();
});

t.test('a full socket keeps data back but not control frames', (t) => {
  const rig = serving(2);
  rig.full = true;
  t.equal(rig.sendData(1, 'first'), true, 'this write finds it full');
  t.equal(rig.sendData(1, 'second'), false);
  t.equal(rig.sendData(3, 'third', true), false);
  rig.feed(settings());
  t.same(rig.frames(), ['DATA 1 "first"', 'SETTINGS ACK']);
  rig.drain();
  t.same(rig.frames(), ['DATA 1 "second"', 'DATA 3 "third" END']);
  t.same(rig.heard(), ['writable 1', 'writable 3']);
  t.end();
});

t.test('a peer that does not read is not read from once much waits for it', (t) => {
  const rig = serving(1, { config: { maxBlockedOutput: 1_000 } });
  rig.full = true;
  rig.sendData(1, 'x');
  for (let i = 0; i < 200 && rig.reading; i++) rig.feed(ping());
  t.equal(rig.reading, false);
  t.ok(rig.frames().length <= 120, 'within the limit');
  rig.drain();
  t.equal(rig.reading, true);
  t.end();
});

t.test('a reset drops what is kept back, and the others go on', (t) => {
  const rig = serving(2);
  rig.sendData(1, text(65_535));
  rig.sendData(1, text(20_000));
  rig.sendData(3, 'abc', true);
  rig.frames();
  rig.feed(reset(1, 8), windowUpdate(0, 100));
  t.same(rig.frames(), ['DATA 3 "abc" END']);
  t.same(rig.heard(), ['reset 1 CANCEL', 'writable 3', 'idle']);
  t.equal(rig.session.keptBytes, 0);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('our own reset drops what is kept back', (t) => {
  const rig = serving(1);
  rig.sendData(1, text(65_535));
  rig.sendData(1, text(20_000), true);
  rig.frames();
  rig.stream(1).reset(2);
  rig.flush();
  t.same(rig.frames(), ['RST_STREAM 1 INTERNAL_ERROR']);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.same(rig.heard(), ['idle'], 'who resets is not told');
  t.end();
});

t.test('more than may be kept back costs the stream that wants it, not its neighbours', (t) => {
  const rig = serving(2, { config: { maxKeptBytes: 100_000 } });
  rig.full = true;
  rig.sendData(3, 'x');
  rig.sendData(3, text(1000));
  t.equal(rig.sendData(1, text(60_000)), false);
  t.equal(rig.sendData(1, text(60_000)), false);
  t.same(rig.heard(), ['reset 1 ENHANCE_YOUR_CALM']);
  rig.drain();
  t.ok(rig.frames().includes('DATA 3 1000'));
  rig.session.close('over');
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('a stream does not take the last buffers of the thread', (t) => {
  const memory = createMemory(4 << 20);
  const rig = serving(1, { memory, config: { maxKeptBytes: 1 << 30 } });
  rig.full = true;
  rig.sendData(1, 'x');
  for (let i = 0; i < 100 && !rig.stream(1).isClosed; i++) rig.sendData(1, text(65_536));
  t.same(rig.heard().at(0), 'reset 1 ENHANCE_YOUR_CALM');
  t.equal(memory.slab.freeLargeChunks > 20, true);
  t.equal(rig.session.isOver, false);
  t.end();
});

t.test('without a single buffer the connection ends, and tells its streams', (t) => {
  const memory = createMemory(2 << 20);
  const rig = serving(1, { memory });
  const taken: number[] = [];
  while (memory.slab.freeLargeChunks + memory.slab.freeSmallChunks > 0) taken.push(memory.slab.allocate(1));
  rig.sendData(1, 'x', true);
  t.same(rig.heard(), ['reset 1 ENHANCE_YOUR_CALM', 'fatal INTERNAL_ERROR']);
  t.equal(rig.session.isOver, true);
  for (const chunk of taken) memory.slab.release(chunk);
  t.equal(memory.slab.chunksInUse, 0);
  t.end();
});

t.test('10,000 small messages leave in few writes and hold no memory', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(windowUpdate(0, 1 << 30));
  rig.onRequest = (stream) => {
    const { slab } = rig.memory;
    stream.sendData(slab.composeArea, 200, true);
  };
  const before = rig.writes;
  let frames = 0;
  for (let turn = 0; turn < 100; turn++) {
    const requests: Buffer[] = [];
    for (let i = 0; i < 100; i++) requests.push(headers(2 * (turn * 100 + i) + 1, GET, true));
    rig.feed(...requests);
    frames += rig.frames().length;
  }
  t.equal(frames, 10_000);
  t.equal(rig.writes - before, 100);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.equal(rig.session.openStreams, 0);
  t.end();
});

t.test('a request whose answer is complete stays until the client has ended it', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, POST));
  rig.sendData(1, 'early', true);
  t.equal(rig.session.openStreams, 1);
  rig.feed(reset(1, 0));
  t.same(rig.heard(), ['request 1 POST', 'reset 1 NO_ERROR', 'idle']);
  t.equal(rig.stream(1).remoteEnded, false);
  t.end();
});
