/** The systemd units: what they take away from the services, and what systemd itself says of them where it is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';

const pathOf = (unit: string): string => new URL(`../../../systemd/towpath-${unit}.service`, import.meta.url).pathname;

function settings(unit: string): ReadonlyMap<string, string> {
  const lines = readFileSync(pathOf(unit), 'utf8').matchAll(/^(\w+)=(.*)$/gm);
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]));
}

const ALL = {
  NoNewPrivileges: 'yes',
  ProtectSystem: 'strict',
  PrivateTmp: 'yes',
  PrivateDevices: 'yes',
  ProtectClock: 'yes',
  ProtectHostname: 'yes',
  ProtectKernelTunables: 'yes',
  ProtectKernelModules: 'yes',
  ProtectKernelLogs: 'yes',
  ProtectControlGroups: 'yes',
  RestrictSUIDSGID: 'yes',
  RestrictRealtime: 'yes',
  RestrictNamespaces: 'yes',
  LockPersonality: 'yes',
  KeyringMode: 'private',
  SystemCallArchitectures: 'native',
  StateDirectoryMode: '0700',
  UMask: '0077',
};

t.test('what no service may do', async (t) => {
  for (const unit of ['agent', 'control', 'nats'])
    for (const [name, value] of Object.entries(ALL)) t.equal(settings(unit).get(name), value, `${unit}: ${name}`);
});

t.test('capabilities: control has none; the agent those that it gives up all but two of', async (t) => {
  t.equal(settings('control').get('CapabilityBoundingSet'), '');
  t.equal(settings('control').get('DynamicUser'), 'yes');
  t.same(settings('agent').get('CapabilityBoundingSet')?.split(' ').sort(), [
    'CAP_DAC_READ_SEARCH',
    'CAP_NET_ADMIN',
    'CAP_NET_BIND_SERVICE',
    'CAP_NET_RAW',
    'CAP_SETGID',
    'CAP_SETPCAP',
  ]);
});

t.test('systemd-analyze security, where it is installed: the exposure stays below a bar', async (t) => {
  for (const [unit, bar] of [
    ['agent', 35],
    ['control', 15],
  ] as const) {
    const words = ['security', '--offline=true', `--threshold=${bar}`, '--no-pager', pathOf(unit)];
    const { status, stdout, error } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT';
    t.ok(
      isMissing || status === 0,
      isMissing ? 'systemd-analyze is not installed' : (stdout.trim().split('\n').at(-1) ?? ''),
    );
  }
});
