/** What the owner is told of the session as a whole, and when. */
import t from 'tap';
import { createClient, request } from './support/client-rig.ts';
import { GET, headers, OK, POST } from './support/frame-text.ts';
import { SessionRig } from './support/session-rig.ts';

t.test('idle is told once, after the last of several streams has ended in one turn', (t) => {
  const rig = createClient();
  for (let i = 0; i < 3; i++) request(rig);
  rig.feed(headers(1, OK, true), headers(3, OK, true));
  t.notOk(rig.heard().includes('idle'));
  rig.feed(headers(5, OK, true));
  t.same(rig.heard(), ['head 5 200 end', 'idle']);
  t.end();
});

t.test('who uses the capacity as soon as it is told keeps the session from being idle', (t) => {
  const rig = createClient({ config: { maxOpenStreams: 1 } });
  request(rig);
  let left = 3;
  rig.onCapacity = () => {
    if (left-- > 0) request(rig);
  };
  for (const id of [1, 3, 5, 7]) rig.feed(headers(id, OK, true));
  t.same(
    rig.heard().filter((what) => what === 'idle'),
    ['idle'],
  );
  t.equal(rig.session.openStreams, 0);
  t.end();
});

t.test('a failure is told to every stream, then to the owner, once', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, POST), headers(3, GET, true));
  rig.heard();
  rig.session.fail(2, 'a test');
  rig.session.fail(2, 'again');
  rig.session.close('and closed');
  t.same(rig.heard(), ['reset 1 INTERNAL_ERROR', 'reset 3 INTERNAL_ERROR', 'fatal INTERNAL_ERROR']);
  t.same(rig.frames(), ['GOAWAY 3 INTERNAL_ERROR']);
  t.end();
});

t.test('a stream that ends another one while it hears of the end does no harm', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, POST), headers(3, POST));
  const user = rig.user(rig.stream(1));
  rig.stream(1).user = { ...user, onReset: () => rig.stream(3).reset(8) };
  rig.heard();
  rig.session.close('gone');
  t.same(rig.heard(), []);
  t.equal(rig.session.openStreams, 0);
  t.end();
});

t.test('GOAWAY says why in its debug data', (t) => {
  const rig = new SessionRig('server').greet();
  rig.session.fail(1, 'because of the test');
  t.match(rig.takeBytes().toString('latin1'), /because of the test$/);
  t.end();
});
