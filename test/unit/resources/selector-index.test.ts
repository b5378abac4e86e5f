import fc from 'fast-check';
import t from 'tap';
import { SelectorIndex } from '../../../src/resources/selector-index.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), fc.constantFrom('x', 'y'), { maxKeys: 3 });
const namespace = fc.constantFrom('shop', 'pay');
const item = fc.record({ namespace, labels, keep: fc.boolean() });

const contains = (all: Record<string, string>, part: Record<string, string>): boolean =>
  Object.entries(part).every(([name, value]) => Object.hasOwn(all, name) && all[name] === value);

t.test('labels are found by every selector that they contain', async (t) => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), labels, namespace, (items, carried, where) => {
      const index = new SelectorIndex();
      for (const [i, one] of items.entries()) index.add(one.namespace, one.labels, `${i}`);
      for (const [i, one] of items.entries()) if (!one.keep) index.remove(one.namespace, one.labels, `${i}`);
      const expected = items.flatMap((one, i) => {
        const picks = Object.keys(one.labels).length > 0 && contains(carried, one.labels);
        return one.keep && one.namespace === where && picks ? [`${i}`] : [];
      });
      t.same(index.matching(where, carried).sort(), expected.sort());
    }),
  );
});
