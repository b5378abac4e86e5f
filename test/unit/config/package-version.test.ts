import { readFileSync } from 'node:fs';
import t from 'tap';
import { packageVersion } from '../../../src/config/package-version.ts';

t.test('the version is that of package.json', async (t) => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  t.equal(packageVersion(), JSON.parse(text).version);
});
