/** What people get wrong: each mistake gets a sentence that names the place or the thing to do, and changes nothing. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { inParallel } from '../../src/control/in-parallel.ts';
import type { Outcome } from './support/host-process.ts';
import { withLab } from './support/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-bad-'));
chmodSync(folder, 0o755);
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const save = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** An account that may read files like root, because the checkout may lie in root's home; it is not root all the same. */
const READ_ALL = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: x }
spec: { selector: { app: a }, ports: [{ port: 80 }] }
`;
const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: x }
spec:
  parentRefs: [{ group: "", kind: Service, name: good }]
  rules: [{ backendRefs: [{ name: ghost, port: 80 }] }]
`;

/** Content of a file for `towpath apply`, and what must be said of it. */
const FILES: readonly (readonly [what: string, text: string, sentence: RegExp])[] = [
  ['YAML that does not end', `${service('a')}\nspec: [1,\n`, /^error: FILE: line \d+:\d+: /],
  ['a tab', 'a:\n\tb: 1\n', /^error: FILE: line 2:1: Tabs are not allowed/],
  ['a key twice', `${service('a')}kind: Service\n`, /^error: FILE: line 6:1: the key "kind" appears twice/],
  [
    'a field that does not exist',
    service('a').replace('selector', 'selectr'),
    /FILE: Service x\/a: spec\.selectr: unknown field; did you mean "selector"\?/,
  ],
  [
    'a wrong type',
    service('a').replace('80', 'eighty'),
    /FILE: Service x\/a: spec\.ports\[0\]\.port: must be a number, not "eighty"/,
  ],
  ['a number out of range', service('a').replace('80', '80000'), /spec\.ports\[0\]\.port: must be at most 65535/],
  ['a missing field', service('a').replace('port: 80', 'name: http'), /spec\.ports\[0\]\.port: /],
  [
    'a kind that does not exist',
    service('a').replace('Service', 'Srvice'),
    /the kind "Srvice" is not supported\nhint: did you mean Service\?/,
  ],
  ['no resource', '', /^error: .*there is no resource/],
  ['something else', '[1, 2]', /FILE: kind: a resource needs a kind/],
  ['a dangerous key', service('a').replace('app: a', '__proto__: a'), /the key "__proto__" is not allowed/],
  [
    'more than fits',
    `# ${'x'.repeat(1_200_000)}\n${service('a')}`,
    /^error: .*larger than .*\nhint: apply them in several steps/,
  ],
  ['one bad document of several', `${service('a')}---${service('b').replace('80', '"')}`, /^error: FILE: /],
  [
    'one bad resource of several',
    `${service('a')}---${service('b').replace('port: 80', 'prt: 80')}`,
    /Service x\/b: spec\.ports\[0\]/,
  ],
];

t.setTimeout(120_000);

await withLab({ control: 'control', hosts: { control: {}, bare: {} } }, async (lab) => {
  const run = (host: string, ...command: string[]): Promise<Outcome> => lab.exec(host, ['timeout', '50', ...command]);
  /** Exit status and the sentence; nothing on standard output, and no stack. */
  const assertRefused = (t: Tap, outcome: Outcome, exitCode: number, sentence: RegExp, what: string): void => {
    t.match(outcome, { exitCode, stderr: sentence }, what);
    t.notMatch(outcome.stderr, /^ +at |defect of Towpath|unexpected/m);
  };
  const firewall = (): Promise<string> =>
    lab.shell('bare', 'iptables-save; ip6tables-save; ipset list -n; ip rule; ip route show table all');
  const generation = async (): Promise<number> =>
    JSON.parse((await run('control', 'towpath', 'status', '-o', 'json')).stdout).gen;

  await t.test('apply: files that are wrong', async (t) => {
    await lab.apply(service('base'));
    const before = await generation();
    await inParallel(FILES, 3, async ([what, text, sentence]) => {
      const file = save(`${what.replaceAll(' ', '-')}.yaml`, text);
      const outcome = await run('control', 'towpath', 'apply', '-f', file);
      assertRefused(t, { ...outcome, stderr: outcome.stderr.replaceAll(file, 'FILE') }, 1, sentence, what);
    });
    assertRefused(
      t,
      await run('control', 'towpath', 'apply', '-f', '/none.yaml'),
      1,
      /^error: cannot read \/none\.yaml: there is no such file\n$/,
      'no file',
    );
    t.equal(await generation(), before, 'nothing was applied');
    const { stdout } = await run('control', 'towpath', 'get', 'service', '-o', 'json');
    t.same(
      JSON.parse(stdout).items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['base'],
    );
  });

  await t.test('apply: a reference to what does not exist is admitted, told, and shown as a condition', async (t) => {
    const outcome = await run('control', 'towpath', 'apply', '-f', save('route.yaml', `${service('good')}---${ROUTE}`));
    t.match(outcome, { exitCode: 0, stderr: /^warning: HTTPRoute x\/r .*the Service x\/ghost does not exist/ });
    const { stdout } = await run('control', 'towpath', 'get', 'httproute', 'r', '-n', 'x', '-o', 'json');
    t.match(
      JSON.parse(stdout).status.conditions.find(({ type }: { type: string }) => type === 'ResolvedRefs'),
      { status: 'False', reason: 'BackendNotFound' },
    );
    await lab.apply(service('ghost'));
    const resolved = await run('control', 'towpath', 'get', 'httproute', 'r', '-n', 'x', '-o', 'json');
    t.match(resolved.stdout, /"type": "ResolvedRefs",\s+"status": "True"/);
  });

  await t.test('apply: no NATS, no control, wrong words', async (t) => {
    const file = save('good.yaml', service('good'));
    const apply = (...more: string[]): Promise<Outcome> => run('control', 'towpath', 'apply', '-f', file, ...more);
    const noNats =
      /^error: no NATS server can be used at nats:\/\/127\.0\.0\.1:4333 \(connection refused\)\nhint: start nats-server, or name another/;
    assertRefused(t, await apply('--server', 'nats://127.0.0.1:4333'), 1, noNats, 'nobody listens');
    assertRefused(
      t,
      await apply('--server', 'nats://127.0.0.1:22222'),
      1,
      /no NATS server can be used/,
      'no such port',
    );
    assertRefused(
      t,
      await apply('--mesh', 'other'),
      1,
      /^error: control is not running in the mesh "other"\nhint: start it with/,
      'no control',
    );
    assertRefused(t, await apply('--wiat'), 2, /^error: .*--wiat.*\nhint: see: towpath apply --help/, 'no such option');
    assertRefused(t, await run('control', 'towpath', 'aply'), 2, /did you mean "apply"\?/, 'no such command');
    assertRefused(t, await run('control', 'towpath', 'get', 'servce'), 2, /did you mean service\?/, 'no such kind');
  });

  await t.test('agent and control: settings that cannot work', async (t) => {
    const before = await firewall();
    const mesh = save('mesh.yaml', service('good'));
    const agent = (...more: string[]): Promise<Outcome> => run('bare', 'towpath', 'agent', ...more);
    assertRefused(
      t,
      await agent('--config', '/none.yaml'),
      1,
      /^error: cannot read the agent file \/none\.yaml: there is no such file\nhint: /,
      'no file',
    );
    assertRefused(
      t,
      await agent('--standalone', '/none.yaml'),
      1,
      /^error: \/none\.yaml: cannot be read/,
      'no resources',
    );
    const wrong = save(
      'agent.yaml',
      'ports: { outbund: 1 }\nworkloads: [{ name: A_B, ports: { http: 99999 } }]\ninterception: { failure: maybe }\n',
    );
    const all =
      /ports\.outbund: unknown field; did you mean "outbound"\?\n.*interception\.failure: must be one of "open", "closed", not "maybe"\n.*workloads\[0\]\.name: .*\n.*workloads\[0\]\.ports\.http: must be at most 65535\n$/;
    assertRefused(t, await agent('--config', wrong), 1, all, 'all mistakes at once');
    const twice = save('twice.yaml', 'ports: { outbound: 15006 }\n');
    assertRefused(
      t,
      await agent('--standalone', mesh, '--config', twice),
      1,
      /ports\.inbound: port 15006 is already used by ports\.outbound/,
      'one port for two',
    );
    const listener = lab.spawn('bare', ['nc', '-l', '-k', '15001']);
    await lab.waitFor('nc listens', 20_000, async () => (await lab.shell('bare', 'ss -Htln')).includes(':15001'));
    assertRefused(
      t,
      await agent('--standalone', mesh),
      1,
      /^error: ports\.outbound: port 15001 is already in use by another program\nhint: /,
      'a taken port',
    );
    await listener.stop();
    assertRefused(
      t,
      await run('control', 'towpath', 'control'),
      1,
      /^error: port 15010 is already in use .*\nhint: .*--http/,
      'control, too',
    );
    assertRefused(
      t,
      await run('bare', 'towpath', 'lab', 'up', '--topology', save('lab.yaml', 'hosts: { a: { agnt: {} } }')),
      1,
      /hosts\.a\.agnt: unknown field; did you mean "agent"\?/,
      'a topology',
    );
    t.equal(await firewall(), before, 'no rule was touched');
  });

  await t.test('no root, no iptables', async (t) => {
    const before = await firewall();
    const mesh = save('mesh.yaml', service('good'));
    const nobody = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', ...READ_ALL, 'towpath'];
    for (const command of [
      ['agent', '--standalone', mesh],
      ['intercept', 'apply'],
      ['intercept', 'remove'],
      ['lab', 'up'],
    ]) {
      assertRefused(
        t,
        await run('bare', ...nobody, ...command),
        1,
        /^error: .*root.*\nhint: .*sudo/,
        command.join(' '),
      );
    }
    t.match(
      await run('bare', ...nobody, 'intercept', 'show'),
      { exitCode: 0, stdout: /TOWPATH_/ },
      'showing needs no root',
    );
    // In a mount namespace of their own these find no program in /usr/sbin.
    const without = (...command: string[]): Promise<Outcome> =>
      run('bare', 'unshare', '-m', 'sh', '-c', `mount -t tmpfs none /usr/sbin && exec towpath ${command.join(' ')}`);
    const missing = /^error: ip6?tables\S* is not installed\nhint: apt-get install iptables\n$/;
    assertRefused(t, await without('intercept', 'apply'), 1, missing, 'intercept without iptables');
    const state = save('state.yaml', `stateDirectory: ${folder}/state\n`);
    assertRefused(
      t,
      await without('agent', '--config', state, '--standalone', mesh),
      1,
      missing,
      'agent without iptables',
    );
    t.equal(await firewall(), before, 'no rule was touched');
    t.equal(await lab.shell('bare', 'ss -Htln'), '', 'nobody listens');
  });
});

type Tap = Pick<typeof t, 'match' | 'notMatch'>;
