import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { inParallel } from '../../../src/control/in-parallel.ts';

t.test('every item once, no more than the limit at once', async (t) => {
  let [running, most] = [0, 0];
  const seen: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await sleep(1);
    seen.push(item);
    running--;
  });
  t.same(seen.sort(), [1, 2, 3, 4, 5, 6, 7]);
  t.equal(most, 3);
  await inParallel([], 3, async () => {
    t.fail('nothing to do');
  });
});

t.test('a failure begins no further item, and those begun are waited for', async (t) => {
  const ended: number[] = [];
  const task = async (item: number) => {
    if (item === 1) throw new Error('one');
    await sleep(5);
    ended.push(item);
  };
  await t.rejects(inParallel([1, 2, 3, 4], 2, task), { message: 'one' });
  t.same(ended, [2]);
});
