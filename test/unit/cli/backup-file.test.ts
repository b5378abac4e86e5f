import t from 'tap';
import { formatBackup, parseBackup } from '../../../src/cli/backup-file.ts';

const HEAD = { mesh: 'default', time: '2026-01-01T00:00:00Z', version: '0.1.0', epoch: 1, gen: 2 };
const RESOURCES = [
  { kind: 'Service', metadata: { name: 'a' } },
  { kind: 'Service', metadata: { name: 'ü' } },
];

t.test('what is written reads back, one line for each resource', async (t) => {
  for (const resources of [RESOURCES, []]) {
    const text = formatBackup(HEAD, resources);
    t.match(parseBackup('x', text), { ...HEAD, format: 'towpath-backup/1', resources });
    t.same(JSON.parse(text).resources, resources);
  }
  t.match(formatBackup(HEAD, RESOURCES), /\n {2}\{"kind":"Service","metadata":\{"name":"a"\}\},\n/);
});

t.test('whatever was cut off, changed or is something else is refused', async (t) => {
  const text = formatBackup(HEAD, RESOURCES);
  for (const [bad, why] of [
    [text.slice(0, -10), /it is not JSON/],
    [text.replace('"a"', '"b"'), /its checksum is wrong/],
    [text.replace('towpath-backup/1', 'towpath-backup/9'), /format: must be "towpath-backup\/1"/],
    ['[]', /must be an object/],
    ['{}', /format: this field is required/],
  ] as const)
    t.throws(() => parseBackup('mesh.json', bad), { message: why, exitCode: 1 });
});
