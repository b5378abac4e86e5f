import t from 'tap';
import { labCommand } from '../../../src/cli/lab.ts';

const IO = { out: () => undefined, err: () => undefined, colour: false, env: {} };

t.test('wrong usage is one sentence and exit status 2', async (t) => {
  for (const [args, message] of [
    [[], 'towpath lab needs one of up, down, exec, status, stop, start, names'],
    [['fly'], 'towpath lab needs one of up, down, exec, status, stop, start, names'],
    [['up', 'extra'], 'towpath lab up takes no further words'],
    [['exec', '--', 'true'], 'towpath lab exec needs a HOST'],
    [['exec', 'shop'], 'the form is: towpath lab exec HOST -- COMMAND...'],
    [['down', '--', 'true'], 'the form is: towpath lab exec HOST -- COMMAND...'],
    [['stop', 'shop'], 'towpath lab stop needs a HOST and a PROGRAM'],
    [['stop', 'shop', 'nginx', '--signal', 'LOUD'], '"LOUD" is no signal'],
    [['status', '-o', 'xml'], '-o must be json, not xml'],
  ] as const) {
    await t.rejects(labCommand.run(args, IO), { message, exitCode: 2 }, args.join(' '));
  }
});

t.test('a lab that is not up is one sentence and exit status 1', async (t) => {
  for (const args of [
    ['exec', 'shop', '--name', 'never-made', '--', 'true'],
    ['stop', 'shop', 'nginx', '--name', 'never-made', '--signal', 'KILL'],
    ['start', 'shop', 'nginx', '--name', 'never-made'],
    ['names', '--name', 'never-made'],
  ]) {
    await t.rejects(
      labCommand.run(args, IO),
      { message: 'the lab "never-made" is not up', exitCode: 1 },
      args.join(' '),
    );
  }
  await t.rejects(labCommand.run(['status', '--name', 'never-made'], IO), {
    message: 'there is no lab "never-made"',
    exitCode: 1,
  });
});
