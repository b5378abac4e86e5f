import t from 'tap';
import { versionCommand } from '../../../src/cli/version.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

t.test('people get a line, programs get JSON', async (t) => {
  const people = recordingIo();
  t.equal(await versionCommand.run([], people.io), 0);
  t.match(people.written.out, /^towpath \d+\.\d+\.\d+\S* \(node [\d.]+, openssl [\d.]+\)\n$/);
  const programs = recordingIo();
  t.equal(await versionCommand.run(['-o', 'json'], programs.io), 0);
  t.match(JSON.parse(programs.written.out), { towpath: /^\d/, node: process.versions.node });
});
