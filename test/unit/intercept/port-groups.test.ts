import t from 'tap';
import { groupPorts } from '../../../src/intercept/port-groups.ts';

const single = (port: number) => ({ from: port, to: port });
const sizeOf = (groups: ReturnType<typeof groupPorts>) =>
  groups.map((group) => group.reduce((sum, range) => sum + (range.from === range.to ? 1 : 2), 0));

t.test('fifteen ports fit one rule, the sixteenth begins another', async (t) => {
  const ports = Array.from({ length: 16 }, (_, i) => single(i + 1));
  t.same(sizeOf(groupPorts(ports.slice(0, 15))), [15]);
  t.same(sizeOf(groupPorts(ports)), [15, 1]);
});

t.test('a range counts as two and is never split', async (t) => {
  const ranges = Array.from({ length: 8 }, (_, i) => ({ from: i * 10 + 1, to: i * 10 + 5 }));
  t.same(sizeOf(groupPorts(ranges)), [14, 2]);
  t.same(groupPorts(ranges).flat(), ranges, 'order is kept');
});

t.test('no ports need no rule', async (t) => {
  t.same(groupPorts([]), []);
});
