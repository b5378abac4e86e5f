import t from 'tap';
import { admitFiles } from '../../../../src/agent/standalone/admit-files.ts';
import { ResourceIndex } from '../../../../src/resources/index.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-02T00:00:00Z');

function service(name: string, extra = ''): string {
  return `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }], selector: { app: ${name} }${extra} }\n`;
}

function admit(texts: readonly string[], before = new ResourceIndex(), now = NOW) {
  return admitFiles(
    texts.map((text, i) => ({ name: `${i}.yaml`, text })),
    before,
    now,
  );
}

function admitted(texts: readonly string[], before = new ResourceIndex(), now = NOW): ResourceIndex {
  const result = admit(texts, before, now);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function addressesOf(index: ResourceIndex, name: string): readonly string[] {
  return index.service(`default/${name}`)?.resource.spec.clusterIPs ?? [];
}

t.test('problems of all files are reported together and nothing is admitted', async (t) => {
  const result = admit([service('a', ', porst: 1'), 'kind: [', service('b'), service('c', ', clusterIP: nowhere')]);
  t.notOk(result.ok);
  const paths = result.ok ? [] : result.error.map((p) => p.path);
  t.strictSame(
    paths.map((path) => path?.split(':')[0]),
    ['0.yaml', '1.yaml', '3.yaml'],
  );
  t.match(paths[0], /Service default\/a: spec\.porst$/);
});

t.test('a resource in two files is refused with both names', async (t) => {
  const result = admit([service('a'), service('b'), service('a')]);
  t.match(result, { ok: false, error: [{ path: '2.yaml: Service default/a', message: /also in 0\.yaml/ }] });
});

t.test('two Services may not name one virtual IP', async (t) => {
  const result = admit([service('a', ', clusterIP: 240.240.0.9'), service('b', ', clusterIP: 240.240.0.9')]);
  t.match(result, { ok: false, error: [{ message: /240\.240\.0\.9 already belongs to Service default\/a/ }] });
});

t.test('a reload keeps creation times, virtual IPs and generations of what did not change', async (t) => {
  const first = admitted([service('a'), service('b')]);
  const second = admitted([service('b'), service('a', ', clusterIPs: []'), service('c')], first, LATER);
  for (const name of ['a', 'b']) t.strictSame(addressesOf(second, name), addressesOf(first, name), name);
  t.match(second.get('Service.default.a'), { generation: 1, creationTimestamp: NOW.toISOString() });
  t.match(second.get('Service.default.c'), { generation: 1, creationTimestamp: LATER.toISOString() });
  const third = admitted([service('a', ', clusterIP: 240.240.0.77')], second, LATER);
  t.match(third.get('Service.default.a'), { generation: 2, creationTimestamp: NOW.toISOString() });
  t.equal(third.get('Service.default.b'), undefined);
});

t.test('a newcomer that names an address takes it from a Service that was merely given it', async (t) => {
  const first = admitted([service('a')]);
  const [taken = ''] = addressesOf(first, 'a');
  const second = admitted([service('a'), service('b', `, clusterIP: ${taken}`)], first, LATER);
  t.strictSame(addressesOf(second, 'b'), [taken]);
  t.notOk(addressesOf(second, 'a').includes(taken));
  t.equal(addressesOf(second, 'a').length, 2);
});
