/** Heads, trailers and resets out. */
import t from 'tap';
import { createClient, request } from './support/client-rig.ts';
import { data, type Fields, GET, headers, OK, POST, reset, settings, windowUpdate } from './support/frame-text.ts';
import { makeHead } from './support/make-head.ts';
import { PLAIN, SessionRig } from './support/session-rig.ts';

t.test('ids are given in the order of heads, not of opening', (t) => {
  const rig = createClient();
  const first = rig.session.openStream(rig.user(null));
  const second = rig.session.openStream(rig.user(null));
  second?.sendHead(makeHead(rig.memory, 'request', GET), PLAIN, true);
  first?.sendHead(makeHead(rig.memory, 'request', POST), PLAIN, false);
  rig.flush();
  t.same([first?.id, second?.id], [3, 1]);
  t.same(rig.frames(), ['HEADERS 1 END', 'HEADERS 3']);
  t.equal(rig.session.openStreams, 2);
  t.end();
});

t.test('HEADERS and DATA that cross our reset are dropped, and the table stays right', (t) => {
  const rig = createClient();
  request(rig);
  request(rig);
  rig.stream(1).reset(8);
  rig.flush();
  rig.frames();
  rig.feed(headers(1, OK), data(1, 'x', true), windowUpdate(1, 5), reset(1, 8), headers(3, OK, true));
  t.same(rig.heard(), ['head 3 200 end', 'idle']);
  t.same(rig.frames(), []);
  t.end();
});

t.test('trailers wait behind data that is kept back', (t) => {
  const rig = createClient();
  rig.feed(settings([4, 3]));
  const id = request(rig, POST, false);
  rig.sendData(id, 'abcdef');
  rig.stream(id).sendTrailers(makeHead(rig.memory, 'trailers', [['x-sum', '42']]));
  rig.flush();
  t.equal(rig.stream(id).localEnded, true);
  t.same(rig.frames().slice(1), ['HEADERS 1', 'DATA 1 "abc"']);
  rig.feed(windowUpdate(id, 10));
  t.same(rig.frames(), ['DATA 1 "def"', 'HEADERS 1 END']);
  t.same(rig.heard(), ['writable 1']);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('trailers kept back are dropped with the stream', (t) => {
  const rig = createClient();
  rig.feed(settings([4, 0]));
  const id = request(rig, POST, false);
  rig.sendData(id, 'abcdef');
  rig.stream(id).sendTrailers(makeHead(rig.memory, 'trailers', [['x-sum', '42']]));
  rig.feed(reset(id, 8));
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('a head longer than a frame is continued, one longer than 64 KiB is not sent', (t) => {
  const rig = createClient();
  const large: Fields = [...GET, ...Array.from({ length: 4 }, (_, i) => [`x-${i}`, '~'.repeat(12_000)] as const)];
  const id = request(rig, large, true);
  const frames = rig.frames();
  t.same(frames.slice(0, 2), [`HEADERS ${id} ... END`, `CONTINUATION ${id} ...`]);
  t.equal(frames.at(-1), `CONTINUATION ${id}`);
  const stream = rig.session.openStream(rig.user(null));
  const larger = makeHead(rig.memory, 'request', large);
  larger.valueLength.fill(60_000, 0, larger.fieldCount);
  t.equal(stream?.sendHead(larger, PLAIN, true), false);
  t.equal(
    stream?.sendHead(makeHead(rig.memory, 'request', GET), PLAIN, true),
    true,
    'and the stream can still be used',
  );
  rig.flush();
  t.same(rig.frames(), ['HEADERS 3 END']);
  t.end();
});

t.test('a server sends on what a client sent, frame by frame', (t) => {
  const sender = createClient();
  const receiver = new SessionRig('server').greet();
  receiver.onRequest = (_, head) => receiver.note(receiver.text(head.targetAt, head.targetLength));
  for (let i = 0; i < 50; i++)
    request(sender, [...POST.slice(0, 2), [':path', `/p/${i}`], ...POST.slice(3), ['x', 'y']]);
  receiver.feed(sender.takeBytes());
  const heard = receiver.heard();
  t.equal(heard.length, 100);
  t.equal(heard.at(-1), '/p/49');
  t.end();
});
