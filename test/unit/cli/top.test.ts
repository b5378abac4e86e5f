import t from 'tap';
import { topCommand } from '../../../src/cli/top.ts';

t.test('wrong words are refused before anybody is asked', async (t) => {
  const io = { out: () => {}, err: () => {}, env: {}, colour: false };
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['-o', 'dot'], /-o must be json/],
    [['--by', 'luck'], /--by must be rate/],
    [['--rows', '0'], /--rows/],
    [['--window', '1s'], /--window/],
    [['a', 'b'], /./],
    [['--mesh', 'No'], /mesh name/],
  ];
  for (const [args, words] of cases) await t.rejects(topCommand.run(args, io), words, args.join(' '));
});
