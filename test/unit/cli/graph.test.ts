import t from 'tap';
import { graphCommand } from '../../../src/cli/graph.ts';

t.test('wrong words are refused before anybody is asked', async (t) => {
  const io = { out: () => {}, err: () => {}, env: {}, colour: false };
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['-o', 'xml'], /-o must be text, dot or json/],
    [['--window', '1s'], /--window/],
    [['a', 'b'], /./],
    [['--mesh', 'No'], /mesh name/],
  ];
  for (const [args, words] of cases) await t.rejects(graphCommand.run(args, io), words, args.join(' '));
});
