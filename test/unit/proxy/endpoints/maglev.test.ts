import t from 'tap';
import { buildMaglev, TABLE_SIZE } from '../../../../src/proxy/endpoints/maglev.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}:8080`);
const build = (list: readonly string[], weights = list.map(() => 1)): string[] =>
  Array.from(buildMaglev(list, weights), (place) => list[place]);
const countOf = (table: readonly string[], name: string): number => table.filter((n) => n === name).length;

t.test('every entry is filled, evenly', async (t) => {
  for (const count of [1, 2, 3, 10, 100]) {
    const list = names(count);
    const table = build(list);
    t.equal(table.length, TABLE_SIZE);
    t.ok(table.every((name) => name !== undefined));
    const counts = list.map((name) => countOf(table, name));
    t.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${count}: ${Math.min(...counts)}..${Math.max(...counts)}`);
  }
});

t.test('shares follow the weights', async (t) => {
  for (const weights of [
    [1, 2, 7],
    [1, 1, 100],
    [0.1, 1, 1],
  ]) {
    const list = names(3);
    const table = build(list, weights);
    const total = weights.reduce((a, b) => a + b);
    weights.forEach((weight, i) => {
      const share = countOf(table, list[i]) / TABLE_SIZE;
      t.ok(Math.abs(share - weight / total) < 0.005, `${weights}: ${i} got ${share}`);
    });
  }
});

for (const count of [3, 5, 10, 50]) {
  t.test(`one of ${count} leaves: its keys move, and few others`, async (t) => {
    const list = names(count);
    const gone = list[Math.floor(count / 2)];
    const before = build(list);
    const after = build(list.filter((name) => name !== gone));
    const moved = before.filter((name, i) => name !== after[i]).length / TABLE_SIZE;
    t.ok(moved >= 1 / count - 0.001 && moved < 1 / count + 0.12, `${moved} moved, 1/N is ${1 / count}`);
    const others = before.filter((name, i) => name !== gone && name !== after[i]).length / TABLE_SIZE;
    t.ok(others < 0.12, `${others} of those that could have stayed`);
  });
}

t.test('the same list gives the same table: all agents agree', async (t) => {
  t.same(
    buildMaglev(
      names(7),
      names(7).map(() => 1),
    ),
    buildMaglev(
      names(7),
      names(7).map(() => 1),
    ),
  );
  const known = buildMaglev(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'], [1, 2, 1], 13);
  t.same([...known], [1, 0, 1, 1, 2, 1, 0, 0, 0, 2, 1, 1, 2], 'also agents of other versions');
});

t.test('nobody: nothing', async (t) => {
  t.ok(buildMaglev([], []).every((place) => place === 0xffff));
});
