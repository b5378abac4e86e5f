import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readManifests } from '../../../src/cli/read-manifests.ts';

t.test('files as named, directories as their manifests in order', async (t) => {
  const directory = t.testdir({ 'b.yaml': 'b', 'a.json': 'a', 'c.yml': 'c', 'notes.txt': 'n' });
  const files = await readManifests([join(directory, 'notes.txt'), directory]);
  t.same(
    files.map(({ text }) => text),
    ['n', 'a', 'b', 'c'],
  );
  t.equal(files[1]?.name, join(directory, 'a.json'));
});

t.test('what cannot be read is told in one sentence', async (t) => {
  const directory = t.testdir({});
  await t.rejects(readManifests([join(directory, 'x.yaml')]), {
    name: 'UserError',
    message: /cannot read .*x\.yaml: there is no such file/,
  });
  await t.rejects(readManifests([directory]), { message: /there is no \.yaml, \.yml or \.json file in/ });
  await mkdir(join(directory, 'd.yaml'));
  await writeFile(join(directory, 'e.txt'), '');
  await t.rejects(readManifests([directory]), { name: 'UserError' });
});
