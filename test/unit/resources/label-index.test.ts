import fc from 'fast-check';
import t from 'tap';
import { LabelIndex } from '../../../src/resources/label-index.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), fc.constantFrom('x', 'y'), { maxKeys: 3 });
const namespace = fc.constantFrom('shop', 'pay');
const item = fc.record({ namespace, labels, keep: fc.boolean() });

const contains = (all: Record<string, string>, part: Record<string, string>): boolean =>
  Object.entries(part).every(([name, value]) => Object.hasOwn(all, name) && all[name] === value);

t.test('a selector picks what carries all of its labels, in its own namespace', async (t) => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), labels, namespace, (items, selector, where) => {
      const index = new LabelIndex();
      for (const [i, one] of items.entries()) index.add(one.namespace, one.labels, `${i}`);
      for (const [i, one] of items.entries()) if (!one.keep) index.remove(one.namespace, one.labels, `${i}`);
      const expected = items.flatMap((one, i) =>
        one.keep && one.namespace === where && contains(one.labels, selector) ? [`${i}`] : [],
      );
      t.same(index.select(where, selector).sort(), Object.keys(selector).length === 0 ? [] : expected.sort());
      const kept = items.filter((one) => one.keep).flatMap((one) => Object.keys(one.labels));
      t.equal(index.size, kept.length, 'what is removed leaves nothing behind');
    }),
  );
});
