import t from 'tap';
import { directoryPartOf } from '../../../src/contract/directory-parts.ts';
import { DirectoryParts } from '../../../src/control/directory-parts.ts';
import { decodeResources, ResourceIndex } from '../../../src/resources/index.ts';

function put(index: ResourceIndex, name: string, port = 80): void {
  const text = `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: shop}, spec: {ports: [{port: ${port}}]}}`;
  const decoded = decodeResources(text, '');
  const [resource] = decoded.ok ? decoded.value : [];
  if (resource === undefined) throw new Error(`${name} is no resource`);
  index.put({ resource, generation: 1, creationTimestamp: '2026-11-28T00:00:00Z' });
}

t.test('a small directory is one piece without a word of parts', async (t) => {
  const index = new ResourceIndex();
  const directory = new DirectoryParts(index);
  t.same(directory.take(), [{ part: 0, body: { services: [] } }], 'also an empty one is published');
  put(index, 'b');
  put(index, 'a');
  directory.update(['shop/b', 'shop/a']);
  const [taken, ...others] = directory.take();
  t.same(others, []);
  t.same(Object.keys(taken?.body ?? {}), ['services']);
  t.match(taken?.body.services, [{ name: 'a', ports: [80] }, { name: 'b' }]);
  t.same(directory.take(), [], 'nothing changed since');
  directory.update(['shop/absent']);
  t.same(directory.take(), []);
  index.delete('Service.shop.a');
  directory.update(['shop/a']);
  t.match(directory.take(), [{ body: { services: [{ name: 'b' }] } }]);
});

t.test('a large one is cut, and a change then touches the part of its service alone', async (t) => {
  const index = new ResourceIndex();
  const directory = new DirectoryParts(index);
  for (let i = 0; i < 257; i++) {
    put(index, `s${i}`);
    directory.update([`shop/s${i}`]);
  }
  t.equal(directory.count, 16);
  const all = directory.take();
  t.equal(all.length, 16);
  t.equal(
    all.reduce((sum, { body }) => sum + body.services.length, 0),
    257,
  );
  t.ok(all.every(({ part, body }) => body.services.every(({ name }) => directoryPartOf(`shop/${name}`, 16) === part)));
  t.ok(all.every(({ body }) => body.parts === 16));
  put(index, 's7', 81);
  directory.update(['shop/s7']);
  t.match(directory.take(), [{ part: directoryPartOf('shop/s7', 16) }]);
  directory.putBack();
  t.equal(directory.take().length, 16, 'what could not be published is taken again');

  const again = new DirectoryParts(index);
  for (let i = 0; i < 100; i++) index.delete(`Service.shop.s${i}`);
  again.rebuild(16);
  t.equal(again.count, 16, 'it stays cut for a while');
  for (let i = 100; i < 150; i++) index.delete(`Service.shop.s${i}`);
  again.rebuild(16);
  t.equal(again.count, 1, 'and is one piece again with half as many');
  again.rebuild(1);
  t.equal(again.count, 1);
});

t.test('what programs may dial lies in the first part, however many there are', async (t) => {
  const index = new ResourceIndex();
  const directory = new DirectoryParts(index);
  directory.take();
  const decoded = decodeResources(
    '{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: default}, spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}}',
    '',
  );
  const [resource] = decoded.ok ? decoded.value : [];
  if (resource === undefined) throw new Error('the Sidecar is no resource');
  index.put({ resource, generation: 1, creationTimestamp: '2026-11-28T00:00:00Z' });
  directory.updateEgress();
  const egress = { default: { mode: 'REGISTRY_ONLY' } };
  t.same(directory.take(), [{ part: 0, body: { services: [], egress } }]);
  for (let i = 0; i < 257; i++) {
    put(index, `s${i}`);
    directory.update([`shop/s${i}`]);
  }
  const cut = directory.take();
  t.same(
    cut.flatMap(({ part, body }) => (body.egress === undefined ? [] : [part])),
    [0],
  );
  index.delete('Sidecar.default.default');
  directory.updateEgress();
  t.match(directory.take(), [{ part: 0, body: { parts: 16, egress: undefined } }]);
});
