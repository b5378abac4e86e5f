import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'towpath-readme-'));
const host = `towpath-readme-${process.pid}`;

/** The commands of README's standalone section, without the two that install Towpath on the machine. */
function readCommands(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const section = /^## One host, no NATS.*?(?=^## )/ms.exec(readme)?.[0] ?? '';
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? '');
  const installs = /^(bash scripts\/setup\.sh|ln -s) .*\n/gm;
  return blocks.join('').replace(installs, '');
}

/**
 * Runs commands in a host of its own whose default route leads nowhere: what is not captured gets no answer. Output goes to
 * files, because daemons that a failed example leaves behind would hold a pipe open.
 */
function run(script: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const [out, err] = [join(folder, 'out'), join(folder, 'err')];
  const { status } = spawnSync('ip', ['netns', 'exec', host, 'bash', '-eu'], {
    input: script,
    cwd: root,
    stdio: ['pipe', openSync(out, 'w'), openSync(err, 'w')],
    timeout: 60_000,
    env: { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH']}` },
  });
  return { status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') };
}

t.before(() => {
  const made = spawnSync('bash', ['-eu'], {
    input: `ip netns add ${host}
      ip -n ${host} link set lo up
      ip -n ${host} link add uplink type veth peer name nowhere
      ip -n ${host} addr add 192.0.2.1/24 dev uplink
      ip -n ${host} link set uplink up
      ip -n ${host} link set nowhere up
      ip -n ${host} route add default via 192.0.2.2`,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`the network namespace could not be made: ${made.stderr}`);
});

t.teardown(() => {
  spawnSync('bash', ['-c', `ip netns pids ${host} | xargs -r kill -9; ip netns del ${host}`]);
  rmSync(folder, { recursive: true, force: true });
  for (const n of [1, 2]) for (const end of ['conf', 'pid']) rmSync(`/tmp/web-${n}.${end}`, { force: true });
});

t.test("README's standalone example works as it stands", async (t) => {
  const commands = readCommands();
  t.match(commands, /nginx -c/, 'the example was found');
  t.match(commands, /towpath agent --standalone examples\/standalone\.yaml/);
  // Ten requests could all meet one server once in 500 runs: here it is 100.
  const result = run(`${commands.replace('seq 10', 'seq 100')}\nwait`);
  const answers = result.stdout.split('\n');
  const v1 = answers.filter((line) => line === 'web v1').length;
  const v2 = answers.filter((line) => line === 'web v2').length;
  t.equal(v1 + v2, 100, 'every request is answered by one of the two servers');
  t.ok(v1 >= 25 && v2 >= 25, `about half each: ${v1} and ${v2}`);
  t.equal(result.status, 0, result.stderr.slice(-2000));
});

t.test('the example leaves no rule behind', async (t) => {
  const rules = run('iptables-save; ip6tables-save; ipset list -n');
  t.notMatch(rules.stdout, /towpath/i);
  t.equal(rules.status, 0);
});
