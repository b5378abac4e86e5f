import t from 'tap';
import { ServerFirstMemory } from '../../../src/proxy/server-first.ts';
import { address } from '../../helpers/proxy-rig.ts';

t.test('destinations are remembered one by one and can be forgotten', async (t) => {
  const memory = new ServerFirstMemory();
  memory.remember(address('10.0.0.1', 25));
  memory.remember(address('10.0.0.1', 25));
  memory.remember(address('::1', 25));
  t.ok(memory.has(address('10.0.0.1', 25)));
  t.notOk(memory.has(address('10.0.0.1', 26)));
  t.same(memory.all(), [
    { destination: '10.0.0.1:25', verdict: 'server-first' },
    { destination: '[::1]:25', verdict: 'server-first' },
  ]);
  memory.forget(address('10.0.0.1', 25));
  t.notOk(memory.has(address('10.0.0.1', 25)));
});

t.test('at most 4096 are remembered; the oldest goes first', async (t) => {
  const memory = new ServerFirstMemory();
  for (let port = 1; port <= 4_100; port++) memory.remember(address('10.0.0.1', port));
  t.equal(memory.all().length, 4_096);
  t.notOk(memory.has(address('10.0.0.1', 4)));
  t.ok(memory.has(address('10.0.0.1', 5)));
});
