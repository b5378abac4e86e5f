import t from 'tap';
import { getOrCreate } from '../../../src/resources/get-or-create.ts';

t.test('a value is created once and kept', async (t) => {
  const map = new Map<string, Set<number>>();
  const first = getOrCreate(map, 'a', () => new Set([1]));
  t.equal(
    getOrCreate(map, 'a', () => new Set([2])),
    first,
  );
  t.equal(map.get('a'), first);
});
