import t from 'tap';
import { DirectoryAssembly, GATHER_MS } from '../../../src/agent/control-directory.ts';
import { directoryPartOf } from '../../../src/contract/directory-parts.ts';
import type { DirectoryView } from '../../../src/contract/views.ts';

const entry = (name: string) => ({ namespace: 'shop', name, virtualIps: [], ports: [80] });
const whole = (gen: number, ...names: string[]): DirectoryView => ({
  version: { epoch: 1, gen, hash: String(gen).padStart(16, '0') },
  services: names.map(entry),
});
const part = (gen: number, parts: number, ...names: string[]): DirectoryView => ({ ...whole(gen, ...names), parts });
const names = (view: DirectoryView | null) => view?.services.map(({ name }) => name) ?? null;
/** The first services whose part, of four, is the one asked for. */
const inPart = (wanted: number, count: number): string[] =>
  Array.from({ length: 100 }, (_, i) => `s${i}`)
    .filter((name) => directoryPartOf(`shop/${name}`, 4) === wanted)
    .slice(0, count);

/** Puts a part, and takes the directory if it is whole. */
const take = (directory: DirectoryAssembly, number: number, view: DirectoryView): DirectoryView | null => {
  directory.put(number, view, 0);
  return directory.take()?.view ?? null;
};

t.test('a directory in one piece is itself', async (t) => {
  const directory = new DirectoryAssembly();
  t.same(directory.keys(), ['dir.0']);
  t.equal(directory.version(), null);
  const view = whole(1, 'a', 'b');
  t.strictSame({ ...take(directory, 0, view) }, view);
  t.same([directory.has('shop/a'), directory.has('shop/c'), directory.has('other/a')], [true, false, false]);
});

t.test('parts are put together once all of them are there, and one by one afterwards', async (t) => {
  const directory = new DirectoryAssembly();
  const held = [0, 1, 2, 3].map((i) => inPart(i, 2));
  t.equal(take(directory, 0, part(1, 4, ...(held[0] ?? []))), null);
  t.same(directory.keys(), ['dir.0', 'dir.1', 'dir.2', 'dir.3']);
  t.equal(take(directory, 3, part(4, 4, ...(held[3] ?? []))), null);
  t.equal(take(directory, 1, part(2, 4, ...(held[1] ?? []))), null);
  const complete = take(directory, 2, part(3, 4, ...(held[2] ?? [])));
  t.same(names(complete), held.flat());
  t.match(complete, { parts: 4, version: { epoch: 1, gen: 4 } });
  for (const name of held.flat()) t.ok(directory.has(`shop/${name}`), name);
  const fewer = take(directory, 1, part(5, 4, held[1]?.[0] ?? ''));
  t.equal(fewer?.services.length, 7);
  t.not(fewer?.version.hash, complete?.version.hash);
  t.equal(directory.has(`shop/${held[1]?.[1]}`), false);
});

t.test('while it is cut anew the one before stays: no service is missing in between', async (t) => {
  const directory = new DirectoryAssembly();
  take(directory, 0, whole(1, 'a', 'b'));
  t.equal(take(directory, 0, part(2, 2, 'a')), null);
  t.equal(take(directory, 1, part(1, 2, 'late')) !== null, true, 'an older part of the same layout counts');
  t.same(names(take(directory, 1, part(2, 2, 'b'))), ['a', 'b']);
  t.same(names(take(directory, 0, whole(3, 'a', 'b'))), ['a', 'b'], 'and back to one piece');
  t.same(directory.keys(), ['dir.0']);
});

t.test('what programs may dial beside services comes with one of the parts', async (t) => {
  const directory = new DirectoryAssembly();
  take(directory, 0, { ...part(1, 2, 'a'), egress: { shop: { mode: 'REGISTRY_ONLY' } } });
  t.same(take(directory, 1, part(1, 2, 'b'))?.egress, { shop: { mode: 'REGISTRY_ONLY' } });
});

t.test('parts that come together are one directory: when their generation is complete, or after a while', async (t) => {
  const directory = new DirectoryAssembly();
  t.equal(directory.isDue({ epoch: 9, gen: 9 }, 0), false);
  t.equal(directory.put(0, part(3, 2, 'a'), 100), false, 'one is missing');
  t.equal(directory.isDue({ epoch: 9, gen: 9 }, 1_000), false);
  t.equal(directory.put(1, part(3, 2, 'b'), 100), true);
  t.equal(directory.put(0, part(4, 2, 'a', 'c'), 120), false, 'it was due before');
  const due = (gen: number | null, now: number) => directory.isDue(gen === null ? null : { epoch: 1, gen }, now);
  t.same([due(null, 120), due(3, 120), due(4, 120), due(5, 120)], [false, false, true, true]);
  t.same([due(null, 100 + GATHER_MS - 1), due(null, 100 + GATHER_MS)], [false, true]);
  const taken = directory.take();
  t.same([taken?.partKey, names(taken?.view ?? null)], ['dir.0', ['a', 'c', 'b']]);
  t.equal(directory.take(), null, 'taken once');
  t.equal(due(5, 1_000), false);
});
