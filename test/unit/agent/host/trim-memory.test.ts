import { mock } from 'node:test';
import t from 'tap';
import { trimMemoryLater } from '../../../../src/agent/host/trim-memory.ts';

t.test('memory is given back twice, later, and collected only where that is allowed', async (t) => {
  const before = globalThis.gc;
  t.teardown(() => {
    globalThis.gc = before;
  });
  const asked: unknown[] = [];
  globalThis.gc = ((how: unknown) => void asked.push(how)) as typeof gc;
  mock.timers.enable({ apis: ['setTimeout'] });
  trimMemoryLater();
  mock.timers.tick(999);
  t.equal(asked.length, 0);
  mock.timers.tick(1);
  t.same(asked, [{ type: 'major', flavor: 'last-resort' }]);
  mock.timers.tick(9_000);
  t.equal(asked.length, 2, 'once more');
  mock.timers.tick(100_000);
  t.equal(asked.length, 2, 'and never again');
  globalThis.gc = undefined;
  trimMemoryLater();
  mock.timers.tick(10_000);
  t.equal(asked.length, 2);
  mock.timers.reset();
});
