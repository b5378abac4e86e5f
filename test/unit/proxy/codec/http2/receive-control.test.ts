/** GOAWAY, capacity, and which requests are safe to send again. */
import t from 'tap';
import * as f from '../../../../../src/proxy/codec/http2/frames.ts';
import { createClient, request } from './support/client-rig.ts';
import { GET, goaway, headers, OK, reset, settings } from './support/frame-text.ts';
import { makeHead } from './support/make-head.ts';
import { PLAIN, SessionRig } from './support/session-rig.ts';

t.test('capacity follows what the server allows, and its changes are told', (t) => {
  const rig = new SessionRig('client');
  t.equal(rig.session.capacity, 100, 'before the server has said anything');
  rig.onCapacity = () => rig.note('capacity');
  rig.greet([3, 2]);
  t.equal(rig.session.capacity, 2);
  request(rig);
  request(rig);
  t.equal(rig.session.capacity, 0);
  t.equal(rig.session.openStream(rig.user(null)), null);
  rig.heard();
  rig.feed(headers(1, OK, true));
  t.same(rig.heard(), ['head 1 200 end', 'capacity']);
  rig.feed(settings([3, 1]));
  t.equal(rig.session.capacity, 0);
  t.same(rig.heard(), ['capacity'], 'none, which is also worth knowing');
  rig.feed(settings([3, 5]));
  t.same(rig.heard(), ['capacity']);
  t.equal(rig.session.capacity, 4);
  t.end();
});

t.test('until the server has said how much it takes, the owner may assume less', (t) => {
  const rig = new SessionRig('client');
  rig.session.assumeStreams(1);
  t.same([rig.session.capacity, rig.session.serverStreams], [1, -1]);
  rig.greet([3, 7]);
  t.same([rig.session.capacity, rig.session.serverStreams], [7, 7]);
  rig.session.assumeStreams(1);
  t.equal(rig.session.capacity, 7, 'too late');
  t.end();
});

t.test('a server that refuses streams gets no more than the others for a while', (t) => {
  const rig = new SessionRig('client').greet([3, 100]);
  for (let i = 0; i < 4; i++) request(rig);
  rig.feed(reset(5, 7), reset(7, 7));
  t.same([rig.session.openStreams, rig.session.capacity, rig.session.isRefusing], [2, 0, true]);
  rig.onCapacity = () => rig.note('capacity');
  rig.heard();
  rig.session.tick(1_000);
  rig.flush();
  t.same(rig.heard(), ['capacity']);
  t.same([rig.session.capacity, rig.session.isRefusing], [98, false]);
  t.end();
});

t.test('a server that says nothing of a limit has none but ours', (t) => {
  t.equal(createClient({ config: { maxOpenStreams: 321 } }).session.capacity, 321);
  t.end();
});

t.test('GOAWAY: streams above its last one are safe to send again, the others finish', (t) => {
  const rig = createClient();
  for (let i = 0; i < 3; i++) request(rig);
  const unsent = rig.session.openStream(rig.user(null));
  rig.feed(goaway(3, 0));
  t.same(rig.heard(), ['reset 5 NO_ERROR unprocessed', 'reset 0 NO_ERROR unprocessed', 'goaway NO_ERROR']);
  t.equal(unsent?.isClosed, true);
  t.equal(rig.session.capacity, 0);
  rig.feed(headers(1, OK, true), headers(3, OK, true));
  t.same(rig.heard(), ['head 1 200 end', 'head 3 200 end', 'idle']);
  t.end();
});

t.test('GOAWAY in two steps takes more streams the second time', (t) => {
  const rig = createClient();
  for (let i = 0; i < 3; i++) request(rig);
  rig.feed(goaway(f.MAX_31_BIT, 0));
  t.same(rig.heard(), ['goaway NO_ERROR']);
  rig.feed(goaway(1, 0));
  t.same(rig.heard(), ['reset 3 NO_ERROR unprocessed', 'reset 5 NO_ERROR unprocessed', 'goaway NO_ERROR']);
  t.end();
});

t.test('when the connection dies, only what never left is safe to send again', (t) => {
  const rig = createClient();
  request(rig);
  const late = rig.session.openStream(rig.user(null));
  late?.sendHead(makeHead(rig.memory, 'request', GET), PLAIN, true);
  rig.session.openStream(rig.user(null));
  rig.session.close('reset by peer');
  t.same(rig.heard(), [
    'reset 1 CONNECTION_LOST',
    'reset 0 CONNECTION_LOST unprocessed',
    'reset 0 CONNECTION_LOST unprocessed',
  ]);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('when it was never established, everything is', (t) => {
  const rig = createClient();
  request(rig);
  rig.session.close('refused', true);
  t.same(rig.heard(), ['reset 1 CONNECTION_LOST unprocessed']);
  t.end();
});

t.test('a request that is reset before its head was sent leaves no trace', (t) => {
  const rig = createClient();
  const stream = rig.session.openStream(rig.user(null));
  stream?.reset(8);
  rig.flush();
  t.same(rig.frames(), []);
  t.same(rig.heard(), ['idle']);
  t.equal(rig.session.openStreams, 0);
  t.end();
});
