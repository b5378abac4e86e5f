import t from 'tap';
import { describeChange, describeFields } from '../../../src/control/describe-change.ts';
import { decodeResources, type StoredResource } from '../../../src/resources/index.ts';

const LIMITS = { fields: 3, valueLength: 40 };

function stored(data: Record<string, string>): StoredResource {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
  const decoded = decodeResources(text, '');
  const [resource] = decoded.ok ? decoded.value : [];
  if (resource === undefined) throw new Error('not a resource');
  return { resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' };
}

t.test('only what differs, no more than the limit, long values by their length', async (t) => {
  const before = stored({ a: '1', b: '2' });
  t.same(describeFields(before, stored({ a: '1', b: '3' }), LIMITS), {
    fields: [{ path: 'data.b', before: '2', after: '3' }],
    truncated: false,
  });
  const many = describeFields(stored({}), stored({ a: '1', b: '2', c: '3', d: '4' }), LIMITS);
  t.equal(many.fields.length, 3);
  t.equal(many.truncated, true);
  t.same(describeFields(before, stored({ a: '1', b: 'x'.repeat(100) }), LIMITS).fields, [
    { path: 'data.b', before: '2', after: '(102 characters)' },
  ]);
});

t.test('what comes and goes is one change as a whole', async (t) => {
  const one = stored({});
  t.match(describeFields(null, one, LIMITS).fields, [{ path: '', after: '(53 characters)' }]);
  t.match(describeChange(one, { type: 'delete', id: 'ConfigMap.default.c', generation: 1 }, LIMITS).fields, [
    { path: '', before: String },
  ]);
  t.same(describeChange(one, { type: 'unchanged', id: 'ConfigMap.default.c', stored: one }, LIMITS).fields, []);
});
