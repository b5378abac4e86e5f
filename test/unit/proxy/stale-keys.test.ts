import t from 'tap';
import { askSeldom } from '../../../src/proxy/stale-keys.ts';

t.test('main is asked once a second for each issuer', async (t) => {
  const told: string[] = [];
  const clock = { now: 0 };
  const ask = askSeldom(clock, (url) => told.push(url));
  for (; clock.now <= 1_000; clock.now += 10) ask('a');
  ask('b');
  t.same(told, ['a', 'a', 'b']);
});

t.test('what is remembered is bounded', async (t) => {
  let told = 0;
  const ask = askSeldom({ now: 0 }, () => told++);
  for (let i = 0; i < 10_000; i++) ask(String(i));
  ask('9999');
  t.equal(told, 10_000);
});
