import t from 'tap';
import { Deadlines } from '../../../../src/proxy/exchange/deadlines.ts';
import type { Timed } from '../../../../src/reactor/timer-wheel.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';

class Entry implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #fired: () => void;
  constructor(fired: () => void) {
    this.#fired = fired;
  }
  onDeadline(): void {
    this.#fired();
  }
}

t.test('deadlines fire in time, not before, and not once taken back', async (t) => {
  const rig = new ProxyRig();
  const deadlines = new Deadlines(rig.reactor);
  const fired: string[] = [];
  const from = performance.now();
  const entries = ['a', 'b', 'c'].map(
    (name) => new Entry(() => fired.push(`${name} ${performance.now() - from > 95}`)),
  );
  deadlines.set(entries[0], 100);
  deadlines.set(entries[1], 100);
  deadlines.set(entries[2], 60_000);
  deadlines.clear(entries[1]);
  await rig.until(() => fired.length === 1, 'the first');
  t.same(fired, ['a true']);
  t.equal(entries[1].wheelTick, -1, 'forgotten');
  deadlines.clear(entries[0]);
  deadlines.clear(entries[2]);
  t.equal(entries[2].wheelTick, -1, 'forgotten long before its time');
  deadlines.set(entries[1], 0);
  await rig.until(() => fired.length === 2, 'awake again');
  deadlines.clear(entries[1]);
  await rig.end();
});

t.test('what an entry throws costs only itself', async (t) => {
  const rig = new ProxyRig();
  const deadlines = new Deadlines(rig.reactor);
  let fired = false;
  deadlines.set(
    new Entry(() => {
      throw new Error('bug');
    }),
    1,
  );
  deadlines.set(
    new Entry(() => {
      fired = true;
    }),
    1,
  );
  await rig.until(() => fired, 'the second');
  t.match(rig.errors, [{ message: 'bug' }]);
  await rig.end();
});
