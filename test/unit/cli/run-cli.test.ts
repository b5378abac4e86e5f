import t from 'tap';
import { COMMANDS, loadAllCommands } from '../../../src/cli/commands.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

async function run(line: string): Promise<{ status: number; out: string; err: string }> {
  const { io, written } = recordingIo();
  const status = await runCli(line.split(' ').filter(Boolean), io);
  return { status, ...written };
}

t.test('a mistyped command is status 2 with the likely one', async (t) => {
  const { status, out, err } = await run('aplpy -f x');
  t.equal(status, 2);
  t.equal(out, '');
  t.equal(err, 'error: "aplpy" is no command of towpath; did you mean "apply"?\nhint: towpath --help lists them\n');
  t.equal((await run('constructor')).status, 2);
});

t.test('no command is wrong usage and shows the help; asking for it is not', async (t) => {
  t.match(await run(''), { status: 2, out: '', err: /Usage:/ });
  for (const line of ['--help', '-h', 'help'])
    t.match(await run(line), { status: 0, out: /Commands:\n {2}agent/, err: '' });
});

t.test('every command has its help, with usage and examples, three ways', async (t) => {
  for (const command of await loadAllCommands()) {
    for (const line of [`${command.name} --help`, `${command.name} -h`, `help ${command.name}`]) {
      const { status, out } = await run(line);
      t.equal(status, 0, line);
      t.equal(out, command.help);
    }
    t.match(command.help, /Usage:\n/, command.name);
    t.match(command.help, /Examples?:\n/, command.name);
    t.match(command.summary, /^[a-z].*[^.]$/, `the summary of ${command.name} is a phrase`);
  }
});

t.test('the table names the commands as they name themselves', async (t) => {
  t.strictSame(
    Object.keys(COMMANDS),
    (await loadAllCommands()).map((command) => command.name),
  );
});

t.test('the version is printed as text and as JSON', async (t) => {
  t.match(await run('version'), { status: 0, out: /^towpath \d+\.\d+\.\d+ \(node / });
  t.match(await run('--version'), { status: 0, out: /^towpath / });
  t.match(JSON.parse((await run('version -o json')).out), { node: process.versions.node });
  t.match(await run('version -o xml'), { status: 2, err: /-o must be json, not xml/ });
  t.match(await run('version extra'), { status: 2, err: /"extra" is one word too many/ });
  t.match(await run('version --colour'), { status: 2, err: /Unknown option '--colour'\n/ });
});
