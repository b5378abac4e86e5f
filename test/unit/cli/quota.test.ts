import t from 'tap';
import { quotaCommand } from '../../../src/cli/quota.ts';

t.test('wrong words are refused before anybody is asked', async (t) => {
  const io = { out: () => {}, err: () => {}, env: {}, colour: false };
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['-o', 'xml'], /-o must be wide or json/],
    [['--near', '101'], /from 0 to 100/],
    [['--near', 'much'], /--near/],
    [['a', 'b'], /./],
    [['--mesh', 'No'], /mesh name/],
  ];
  for (const [args, words] of cases) await t.rejects(quotaCommand.run(args, io as never), words, args.join(' '));
});
