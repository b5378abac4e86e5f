import t from 'tap';
import { ViewStore } from '../../../../src/agent/views/view-store.ts';
import { exampleDirectory, exampleService } from '../../../helpers/example-views.ts';

const CASES: readonly (readonly [
  held: readonly [number, number],
  offered: readonly [number, number],
  expected: string,
])[] = [
  [[1, 5], [1, 6], 'newer'],
  [[1, 5], [1, 5], 'same'],
  [[1, 5], [1, 4], 'older'],
  [[1, 5], [2, 1], 'newer'],
  [[2, 1], [1, 9], 'older'],
];

t.test('the newest version wins: epoch first, then generation; the rest is never taken', async (t) => {
  for (const [[heldEpoch, heldGen], [epoch, gen], expected] of CASES) {
    const store = new ViewStore();
    t.equal(store.offerService(exampleService('orders', heldGen, heldEpoch)), 'newer');
    t.equal(store.offerDirectory(exampleDirectory(heldGen, ['orders'], heldEpoch)), 'newer');
    t.equal(store.offerService(exampleService('orders', gen, epoch)), expected);
    t.equal(store.offerDirectory(exampleDirectory(gen, ['orders'], epoch)), expected);
    const [winnerEpoch, winnerGen] = expected === 'newer' ? [epoch, gen] : [heldEpoch, heldGen];
    t.match(store.service('shop/orders')?.version, { epoch: winnerEpoch, gen: winnerGen });
    t.match(store.snapshot().directory?.version, { epoch: winnerEpoch, gen: winnerGen });
  }
});

t.test('a removed service is forgotten, and may come back', async (t) => {
  const store = new ViewStore();
  t.equal(store.removeService('shop/orders'), false);
  store.offerService(exampleService('orders', 5));
  t.equal(store.removeService('shop/orders'), true);
  t.equal(store.service('shop/orders'), null);
  t.equal(store.offerService(exampleService('orders', 1)), 'newer');
});
