import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SerialQueue } from '../../../src/control/serial-queue.ts';

t.test('tasks run one after the other, in order, and a failing one stops nobody', async (t) => {
  const queue = new SerialQueue();
  const order: string[] = [];
  const task = (name: string, ms: number) => async (): Promise<string> => {
    order.push(`${name} begins`);
    await sleep(ms);
    order.push(`${name} ends`);
    if (name === 'b') throw new Error('b fails');
    return name;
  };
  const results = [queue.run(task('a', 20)), queue.run(task('b', 1)), queue.run(task('c', 0))];
  t.equal(queue.length, 3);
  t.match(await Promise.allSettled(results), [{ value: 'a' }, { reason: { message: 'b fails' } }, { value: 'c' }]);
  t.same(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  t.equal(queue.length, 0);
});
