/** The provisioning of the Vagrant lab, on three namespace hosts instead of three machines: same scripts, units and files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type TestLab, withLab } from './support/lab.ts';

const ROOT = new URL('../../', import.meta.url).pathname.replace(/\/$/, '');
const work = mkdtempSync(join(tmpdir(), 'towpath-vagrant-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));
t.setTimeout(240_000);

/**
 * A machine's own /etc, /usr/local/bin and /var/lib: overlays in a mount namespace that ends with the host. Then provision.sh, and
 * what systemd would do with the units: ExecStart, as the User it names, with its StateDirectory.
 */
const MACHINE = `
set -eu
work=$1 root=$2 role=$3 address=$4 control=$5; shift 5
for folder in etc usr/local/bin var/lib; do
  mkdir -p $work/$folder/upper $work/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=$work/$folder/upper,workdir=$work/$folder/work /$folder
done
bash $root/vagrant/provision.sh $role $address $control
bash $root/vagrant/provision.sh $role $address $control >$work/again.log # safe to repeat
start() {
  instance=\${1#*@}
  case $1 in *@*) unit=\${1%@*}@ ;; *) unit=$1 ;; esac
  file=/etc/systemd/system/$unit.service
  [ -e $file ] || file=/lib/systemd/system/$unit.service
  command=$(sed -n 's/^ExecStart=//p' $file | sed "s/%i/$instance/g")
  user=$(sed -n 's/^User=//p' $file)
  if grep -q '^DynamicUser=yes' $file; then user=nobody; fi
  state=$(sed -n 's/^StateDirectory=//p' $file)
  if [ -n "$state" ] && [ -n "$user" ]; then mkdir -p -m 700 /var/lib/$state; chown -R $user /var/lib/$state; fi
  \${user:+setpriv --reuid $user --regid $(id -g $user) --init-groups --} $command >$work/$1.log 2>&1 &
}
for unit; do start $unit; done
echo provisioned
wait`;

const UNITS = {
  control: ['nats-server', 'towpath-control'],
  shop: ['towpath-agent'],
  orders: ['orders@v1', 'orders@v2', 'redis-server', 'towpath-agent'],
} as const;

t.test('the three provisioned hosts form a mesh', async (t) => {
  await withLab({ hosts: { control: {}, shop: {}, orders: {} } }, async (lab) => {
    await provision(lab, 'control');
    await Promise.all([provision(lab, 'orders'), provision(lab, 'shop')]);
    const services = join(ROOT, 'lab/shop-services.yaml');
    t.match(await lab.exec('control', ['towpath', 'apply', '-f', services, '--wait']), { exitCode: 0 });
    const address = await virtualIp(lab, 'orders');
    const answers = (await lab.run('shop', ['curl', '-s', `http://${address}/?[1-20]`])).trim().split('\n');
    t.same([...new Set(answers)].sort(), ['orders v1', 'orders v2']);
    t.equal(await lab.run('shop', ['redis-cli', '-h', await virtualIp(lab, 'cache'), 'ping']), 'PONG\n');
    t.equal(await lab.counter('shop', 'towpath_requests_total', { side: 'outbound', code: 200 }), 20);
    t.equal(await lab.counter('orders', 'towpath_requests_total', { side: 'inbound', code: 200 }), 20);
  });
});

async function provision(lab: TestLab, role: keyof typeof UNITS): Promise<void> {
  const folder = join(work, role);
  const places = [folder, ROOT, role, lab.address(role, 'ipv4'), lab.address('control', 'ipv4')];
  const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', MACHINE, 'sh'];
  const machine = lab.spawn(role, [...unshare, ...places, ...UNITS[role]]);
  const ended = machine.ended.then(({ stdout, stderr }) => Promise.reject(new Error(`${role}: ${stdout}\n${stderr}`)));
  ended.catch(() => undefined); // the end of the lab ends it too
  const ready = lab.waitFor(`${role} to be provisioned`, 60_000, async () => machine.stdout.includes('provisioned\n'));
  await Promise.race([ready, ended]);
  const url = { control: 'http://127.0.0.1:15010/readyz', shop: AGENT_READY, orders: AGENT_READY }[role];
  const isReady = async (): Promise<boolean> => (await lab.exec(role, ['curl', '-sf', '-m', '2', url])).exitCode === 0;
  const log = join(folder, `${UNITS[role].at(-1)}.log`);
  await lab.waitFor(`${role} to be ready`, 20_000, isReady).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await lab.shell(role, `tail -n 20 ${log}`)}`);
  });
}

const AGENT_READY = 'http://127.0.0.1:15020/readyz';

async function virtualIp(lab: TestLab, name: string): Promise<string> {
  const text = await lab.run('control', ['towpath', 'get', 'service', name, '-n', 'shop', '-o', 'json']);
  const found = /"(240\.240\.[0-9.]+)"/.exec(text)?.[1];
  if (found === undefined) throw new Error(`${name} has no virtual IPv4 address:\n${text}`);
  return found;
}

t.test('the provisioning script refuses what it does not understand', async (t) => {
  for (const args of [[], ['control'], ['database', '10.0.0.1', '10.0.0.1']]) {
    const { status, stderr } = spawnSync('bash', [join(ROOT, 'vagrant/provision.sh'), ...args], { encoding: 'utf8' });
    t.equal(status, 2);
    t.match(stderr, /^Usage: provision\.sh ROLE ADDRESS CONTROL/);
  }
});

t.test('the Vagrantfile is valid, as far as this machine can tell', async (t) => {
  const check = [
    ['vagrant', 'validate', '--ignore-provider'],
    ['ruby', '-c', 'Vagrantfile'],
  ].find(([tool]) => spawnSync('which', [tool ?? '']).status === 0);
  if (check === undefined) {
    // Neither is here: at least every file that the Vagrantfile and the script name exists.
    const { status } = spawnSync('sh', ['-c', 'test -x provision.sh && test -f files/agent-shop.yaml'], {
      cwd: join(ROOT, 'vagrant'),
    });
    t.equal(status, 0);
    return;
  }
  const [tool = '', ...args] = check;
  const { status, stderr } = spawnSync(tool, args, { cwd: join(ROOT, 'vagrant'), encoding: 'utf8' });
  t.equal(status, 0, stderr);
});
