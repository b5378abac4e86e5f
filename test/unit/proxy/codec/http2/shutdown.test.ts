import t from 'tap';
import * as f from '../../../../../src/proxy/codec/http2/frames.ts';
import { data, GET, headers, OK, POST, ping } from './support/frame-text.ts';
import { makeHead } from './support/make-head.ts';
import { SessionRig } from './support/session-rig.ts';

const MARK = 'towptowp';

t.test('a server announces its end, serves what crosses it, then names its last stream', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, GET, true));
  rig.session.shutdown();
  rig.session.shutdown();
  rig.flush();
  t.same(rig.frames(), ['GOAWAY max NO_ERROR', `PING ${MARK}`]);
  rig.feed(headers(3, POST));
  rig.feed(ping(MARK, f.FLAG_ACK));
  t.same(rig.frames(), ['GOAWAY 3 NO_ERROR']);
  t.same(rig.heard(), ['request 1 GET end', 'request 3 POST']);
  rig.feed(headers(5, GET, true), headers(7, POST), data(7, 'dropped', true));
  t.same(rig.frames(), [], 'streams above it are ignored');
  rig.sendData(1, 'one', true);
  rig.feed(data(3, 'body', true));
  rig.sendData(3, 'three', true);
  t.same(rig.frames(), ['DATA 1 "one" END', 'DATA 3 "three" END']);
  t.same(rig.heard(), ['data 3 "body" end', 'idle']);
  t.end();
});

t.test('it names its last stream after a while even if the PING is not answered', (t) => {
  const rig = new SessionRig('server').greet();
  rig.session.tick(5_000);
  rig.session.shutdown();
  rig.session.tick(6_000);
  rig.flush();
  t.equal(rig.frames().length, 2);
  rig.session.tick(6_001);
  rig.flush();
  t.same(rig.frames(), ['GOAWAY 0 NO_ERROR']);
  t.same(rig.heard(), ['idle']);
  t.end();
});

t.test('an answer to another PING changes nothing', (t) => {
  const rig = new SessionRig('server').greet();
  rig.session.shutdown();
  rig.flush();
  rig.frames();
  rig.feed(ping('abcdefgh', f.FLAG_ACK));
  t.same(rig.frames(), []);
  t.end();
});

t.test('a client says so once, opens nothing more, and is idle when its streams are done', (t) => {
  const rig = new SessionRig('client').greet();
  rig.open(makeHead(rig.memory, 'request', GET), true);
  rig.frames();
  rig.session.shutdown();
  rig.flush();
  t.same(rig.frames(), ['GOAWAY 0 NO_ERROR']);
  t.equal(rig.session.capacity, 0);
  t.same(rig.heard(), []);
  rig.feed(headers(1, OK, true));
  t.same(rig.heard(), ['head 1 200 end', 'idle']);
  t.end();
});

t.test('a client without streams is idle at once', (t) => {
  const rig = new SessionRig('client').greet();
  rig.session.shutdown();
  rig.flush();
  t.same(rig.heard(), ['idle']);
  t.end();
});
