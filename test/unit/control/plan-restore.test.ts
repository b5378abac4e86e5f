import t from 'tap';
import { decodeBackup, planRestore } from '../../../src/control/plan-restore.ts';
import { ResourceIndex, resourceId, type StoredResource } from '../../../src/resources/index.ts';

const NOW = '2026-06-01T00:00:00.000Z';
const OLD = '2025-01-01T00:00:00.000Z';
const service = (name: string, port = 80, metadata: object = {}, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', ...metadata },
  spec: { selector: { app: name }, ports: [{ port }], ...spec },
});

function backup(...manifests: readonly unknown[]): StoredResource[] {
  const decoded = decodeBackup(manifests, NOW);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return decoded.value;
}

t.test('age, generation and virtual IPs come back; what has none gets them', async (t) => {
  const [a, b] = backup(
    service('a'),
    service('b', 80, { generation: 7, creationTimestamp: OLD }, { clusterIPs: ['10.9.0.1'] }),
  );
  t.match(a, { generation: 1, creationTimestamp: NOW, resource: { spec: { clusterIPs: { length: 2 } } } });
  t.match(b, { generation: 7, creationTimestamp: OLD, resource: { spec: { clusterIPs: ['10.9.0.1'] } } });
});

t.test('every problem of a backup is told, and nothing of it is taken', async (t) => {
  const decoded = decodeBackup(
    [
      service('a'),
      service('a'),
      service('c', 80, {}, { clusterIPs: ['10.9.0.1'] }),
      service('d', 80, {}, { clusterIPs: ['10.9.0.1'] }),
      { kind: 'Nonsense' },
      null,
    ],
    NOW,
  );
  t.match(decoded, { ok: false });
  t.same(decoded.ok ? [] : decoded.error.map(({ code }) => code), ['TWP1005', 'TWP1004', 'TWP1003', 'TWP0106']);
});

t.test('in an empty mesh everything is created as it was', async (t) => {
  const stored = backup(service('a', 80, { generation: 3, creationTimestamp: OLD }));
  t.match(planRestore(new ResourceIndex(), stored), [
    { type: 'put', outcome: 'created', stored: { generation: 3, creationTimestamp: OLD } },
  ]);
});

t.test('over what is there: the rest is deleted, ages come back, generations do not go back', async (t) => {
  const index = new ResourceIndex();
  for (const stored of backup(
    service('same', 80, { generation: 5, creationTimestamp: OLD }),
    service('younger', 80, { generation: 5, creationTimestamp: NOW }),
    service('other', 81, { generation: 9, creationTimestamp: OLD }),
    service('extra'),
  ))
    index.put(stored);
  const plan = planRestore(
    index,
    backup(
      service('same', 80, { generation: 5, creationTimestamp: OLD }),
      service('younger', 80, { generation: 2, creationTimestamp: OLD }),
      service('other', 80, { generation: 3, creationTimestamp: OLD }),
      service('fresh', 80, { generation: 4, creationTimestamp: OLD }),
    ),
  );
  const told = plan.map((change) => [
    change.id.replace('Service.shop.', ''),
    change.type === 'put' ? change.outcome : change.type,
    'stored' in change ? change.stored.generation : 0,
  ]);
  t.same(told.sort(), [
    ['extra', 'delete', 0],
    ['fresh', 'created', 4],
    ['other', 'updated', 10],
    ['same', 'unchanged', 5],
    ['younger', 'updated', 5],
  ]);
  t.equal(index.list().map(({ resource }) => resourceId(resource)).length, 4, 'nothing is changed yet');
});
