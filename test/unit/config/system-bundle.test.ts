import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NO_SYSTEM_BUNDLE, readSystemBundle } from '../../../src/config/system-bundle.ts';

t.test('the first bundle that is there', async (t) => {
  const folder = t.testdir();
  const [first, second] = [join(folder, 'first.pem'), join(folder, 'second.pem')];
  t.equal(readSystemBundle([first, second]), null);
  writeFileSync(second, 'two');
  t.equal(String(readSystemBundle([first, second])), 'two');
  writeFileSync(first, 'one');
  t.equal(String(readSystemBundle([first, second])), 'one');
  t.match(NO_SYSTEM_BUNDLE, /ca-certificates\.crt/);
});
