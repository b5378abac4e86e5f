import t from 'tap';
import { RetiredCounters } from '../../../src/agent/retired-counters.ts';

t.test('what several threads have counted is summed by name and labels', async (t) => {
  const retired = new RetiredCounters();
  for (let i = 0; i < 3; i++) {
    retired.add([
      { name: 'a_total', labels: { side: 'inbound' }, value: 2 },
      { name: 'a_total', labels: { side: 'outbound' }, value: 1 },
    ]);
  }
  t.same(
    [...retired.samples()],
    [
      { name: 'a_total', labels: { side: 'inbound' }, value: 6 },
      { name: 'a_total', labels: { side: 'outbound' }, value: 3 },
    ],
  );
});
