import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeSnapshot } from '../../../../src/agent/views/encode-snapshot.ts';
import { loadSnapshot, prepareStateDirectory, saveSnapshot } from '../../../../src/agent/views/snapshot-files.ts';
import { exampleSnapshot } from '../../../helpers/example-views.ts';

async function saveGenerations(directory: string, count: number): Promise<void> {
  await prepareStateDirectory(directory);
  for (let i = 1; i <= count; i++) await saveSnapshot(directory, encodeSnapshot('shop', exampleSnapshot(i)));
}

async function loadedServices(directory: string): Promise<number | null> {
  const { snapshot } = await loadSnapshot(directory, 'shop');
  return snapshot === null ? null : snapshot.services.length;
}

t.test('three generations are kept, the newest is loaded', async (t) => {
  const directory = join(t.testdir(), 'state');
  await saveGenerations(directory, 5);
  t.strictSame(readdirSync(directory).toSorted(), ['views.0', 'views.1', 'views.2']);
  t.equal(await loadedServices(directory), 5);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  t.equal(statSync(join(directory, 'views.0')).mode & 0o777, 0o600);
});

t.test('a damaged generation is passed over with a warning, until one is whole', async (t) => {
  const directory = join(t.testdir(), 'state');
  await saveGenerations(directory, 3);
  const damage = (name: string): void => {
    const bytes = readFileSync(join(directory, name));
    bytes[bytes.length - 3] = 0;
    writeFileSync(join(directory, name), bytes);
  };
  damage('views.0');
  t.equal(await loadedServices(directory), 2);
  damage('views.1');
  const { snapshot, warnings } = await loadSnapshot(directory, 'shop');
  t.equal(snapshot?.services.length, 1);
  t.equal(warnings.length, 2);
  t.match(warnings[0], /views\.0 is not used: its checksum does not match/);
  damage('views.2');
  t.equal(await loadedServices(directory), null);
});

t.test('after a crash between any two steps of a save the newest whole generation is found', async (t) => {
  const cases: readonly (readonly [present: readonly string[], found: number])[] = [
    [['views.new', 'views.0', 'views.1', 'views.2'], 3],
    [['views.new', 'views.0', 'views.2'], 3],
    [['views.new', 'views.1', 'views.2'], 3],
  ];
  for (const [present, found] of cases) {
    const directory = join(t.testdir(), 'state');
    mkdirSync(directory);
    for (const name of present) {
      const services = name === 'views.2' && present.length > 2 ? 2 : 3;
      writeFileSync(join(directory, name), encodeSnapshot('shop', exampleSnapshot(services)));
    }
    t.equal(await loadedServices(directory), found, present.join(' '));
    await saveGenerations(directory, 4);
    t.equal(await loadedServices(directory), 4, 'and the next save works');
  }
});

t.test('an empty directory holds nothing and warns of nothing', async (t) => {
  t.strictSame(await loadSnapshot(t.testdir(), 'shop'), { snapshot: null, warnings: [] });
});

t.test('something unreadable in the place of a file is a warning, not an error', async (t) => {
  const directory = t.testdir({ 'views.0': {} });
  const { snapshot, warnings } = await loadSnapshot(directory, 'shop');
  t.equal(snapshot, null);
  t.match(warnings, [/cannot be read/]);
});

t.test('a state directory that cannot be used gets one sentence', async (t) => {
  const folder = t.testdir({ file: '' });
  await t.rejects(prepareStateDirectory(join(folder, 'file', 'state')), {
    message: /cannot write to the state directory .*\/file\/state/,
  });
  chmodSync(folder, 0o755);
});
