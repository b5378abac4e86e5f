import t from 'tap';
import { findSetpriv, neededCapabilities, planConfinement } from '../../../../src/agent/host/confine.ts';

const tree: Record<string, { uid: number; mode: number }> = {
  '/': { uid: 0, mode: 0o755 },
  '/etc': { uid: 0, mode: 0o755 },
  '/etc/agent.yaml': { uid: 0, mode: 0o600 },
  '/etc/sealed': { uid: 0, mode: 0o000 },
  '/home': { uid: 0, mode: 0o755 },
  '/home/joe': { uid: 1000, mode: 0o750 },
  '/home/joe/a.yaml': { uid: 1000, mode: 0o644 },
  '/home/ann': { uid: 1001, mode: 0o755 },
  '/home/ann/a.yaml': { uid: 1001, mode: 0o644 },
  '/home/ann/secret.creds': { uid: 1001, mode: 0o600 },
  '/var': { uid: 0, mode: 0o755 },
  '/var/lib': { uid: 0, mode: 0o755 },
  '/var/lib/other': { uid: 1000, mode: 0o755 },
  '/tmp': { uid: 0, mode: 0o1777 },
};
const wants = {
  intercepts: true,
  ports: [15_001, 15_006],
  reads: ['/etc/agent.yaml'],
  stateDirectory: '/var/lib/towpath',
};
const needs = (more: Partial<typeof wants>) => neededCapabilities({ ...wants, ...more }, (path) => tree[path] ?? null);

t.test('what an agent goes on needing', async (t) => {
  const network = ['net_admin', 'net_raw'];
  t.same(needs({}), network);
  t.same(needs({ intercepts: false }), []);
  t.same(needs({ ports: [15_001, 53] }), [...network, 'net_bind_service']);
  for (const [path, isReadable] of [
    ['/home/ann/a.yaml', true],
    ['/home/ann/not-there.yaml', true],
    ['/home/ann/secret.creds', false],
    ['/home/joe/a.yaml', false],
    ['/home/joe/not-there.yaml', false],
    ['/etc/sealed', false],
  ] as const)
    t.same(needs({ reads: [path] }), isReadable ? network : [...network, 'dac_read_search'], path);
  for (const [stateDirectory, isWritable] of [
    ['/tmp/a/b', true],
    ['/var/lib/other', false],
    ['/var/lib/other/x', false],
    ['/home/joe/state', false],
  ] as const)
    t.same(needs({ stateDirectory }), isWritable ? network : [...network, 'dac_override'], stateDirectory);
});

const ALL = '000001ffffffffff';
const status = (sets: {
  uid?: number;
  permitted?: string;
  bounding?: string;
  effective?: string;
  inheritable?: string;
}) =>
  `Name:\tnode\nUid:\t0\t${sets.uid ?? 0}\t0\t0\nCapInh:\t${sets.inheritable ?? '0000000000000000'}\nCapPrm:\t${sets.permitted ?? ALL}\nCapEff:\t${sets.effective ?? sets.permitted ?? ALL}\nCapBnd:\t${sets.bounding ?? ALL}\n`;
/** CAP_NET_ADMIN and CAP_NET_RAW. */
const NETWORK = '0000000000003000';

t.test('a process with more than it needs is replaced by one with less', async (t) => {
  const plan = (sets: Parameters<typeof status>[0]) => planConfinement(status(sets), ['net_admin', 'net_raw'], 15_001);
  t.same(plan({}), {
    type: 'replace',
    options: [
      '--regid',
      '15001',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all,+net_admin,+net_raw',
      '--no-new-privs',
      '--',
    ],
  });
  t.same(plan({ permitted: NETWORK, bounding: NETWORK }), { type: 'confined' });
  t.match(
    plan({ permitted: NETWORK, bounding: ALL }),
    { type: 'impossible' },
    'root gets the bounding set back with the next program',
  );
  t.same(plan({ uid: 1000, permitted: NETWORK, bounding: ALL }), { type: 'confined' }, 'nobody else does');
  t.same(plan({ uid: 1000, permitted: '0000000000000000', bounding: ALL }), { type: 'confined' });
  t.match(plan({ permitted: NETWORK, bounding: NETWORK, inheritable: ALL }), { type: 'impossible' });
  t.same(planConfinement(status({ uid: 1000, permitted: ALL }), [], 1), {
    type: 'replace',
    options: ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'],
  });
});

t.test('what replaces it has lost the right to do so: it ends', async (t) => {
  const needed = ['net_admin', 'net_raw', 'net_bind_service', 'dac_override', 'dac_read_search'] as const;
  const bits = '0000000000003406';
  t.same(planConfinement(status({ permitted: bits, bounding: bits }), needed, 1), { type: 'confined' });
});

t.test('setpriv is found in absolute folders alone', async (t) => {
  t.match(findSetpriv('.:/nonexistent:'), /^\/(usr\/)?bin\/setpriv$/);
  const folder = t.testdir({ setpriv: '' });
  t.not(findSetpriv(folder), `${folder}/setpriv`, 'one that may not be run');
});
