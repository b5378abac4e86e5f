/** No client gets more than its share of a turn. */
import t from 'tap';
import { data, GET, headers, POST, reset } from './support/frame-text.ts';
import { SessionRig } from './support/session-rig.ts';

t.test('a turn takes 32 requests of a client, the others wait for the next ones', (t) => {
  const rig = new SessionRig('server').greet();
  rig.turns = 0;
  rig.feed(...Array.from({ length: 100 }, (_, i) => headers(2 * i + 1, GET, true)));
  t.equal(rig.turns, 4);
  t.equal(rig.session.openStreams, 100);
  rig.session.close('over');
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});

t.test('large heads make a turn shorter', (t) => {
  const rig = new SessionRig('server', { config: { headBytesPerTurn: 10_000 } }).greet();
  rig.turns = 0;
  const fields = [...POST, ...Array.from({ length: 6 }, (_, i) => [`x-${i}`, 'v'.repeat(1_000)] as const)];
  rig.feed(...Array.from({ length: 8 }, (_, i) => headers(2 * i + 1, fields)), data(1, 'body'));
  t.equal(rig.turns, 5, 'two requests in each, then what came behind them');
  t.equal(rig.heard().at(-1), 'data 1 "body"');
  t.end();
});

t.test('a session that ends with requests waiting gives their memory back', (t) => {
  const rig = new SessionRig('server', { config: { requestsPerTurn: 1 } }).greet();
  rig.onRequest = () => rig.session.close('over');
  rig.feed(headers(1, GET, true), headers(3, GET, true), reset(1, 8));
  t.same(
    rig.heard().filter((event) => event.startsWith('request')),
    ['request 1 GET end'],
  );
  t.equal(rig.session.hasUnread, false);
  t.equal(rig.memory.slab.chunksInUse, 0);
  t.end();
});
