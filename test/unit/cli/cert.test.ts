import t from 'tap';
import { certCommand } from '../../../src/cli/cert.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

t.test('words that make no sense are refused before anybody is asked', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /say show, renew, rotate-root/],
    [['burn'], /"burn" is no verb of towpath cert/],
    [['show', 'a', 'b'], /"b" is one word too many/],
    [['show', '--all'], /--all belongs to renew/],
    [['renew', 'a', '--finish'], /--finish belongs to rotate-root/],
    [['renew'], /names of hosts, or --all/],
    [['renew', 'a', '--all'], /names of hosts, or --all/],
    [['rotate-root', 'now'], /"now" is one word too many/],
    [['show', '-o', 'yaml'], /-o must be json/],
  ];
  for (const [words, expected] of cases) {
    await t.rejects(certCommand.run(words, recordingIo({}).io), expected, words.join(' '));
  }
  t.match(certCommand.help, /Examples:\n {2}towpath cert show\n/);
});
