import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { withLab } from './support/lab.ts';

const WEB = {
  name: 'nginx',
  command: ['nginx', '-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
  files: {
    'nginx.conf': `daemon off; pid nginx.pid; events {}
      http { access_log access.log; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
        uwsgi_temp_path tmp; scgi_temp_path tmp;
        server { listen 80; listen [::]:80; location / { return 200 "hello from $hostname $remote_addr\\n"; } } }`,
  },
  ready: { port: 80 },
};
const CACHE = {
  name: 'redis',
  user: 'redis',
  command: ['redis-server', '--bind', '*', '-::*', '--protected-mode', 'no', '--save', ''],
  ready: { port: 6379 },
};
const PAIR = { hosts: { server: { programs: [WEB, CACHE] }, client: {} } };

t.test('hosts reach each other by name over IPv4 and IPv6, and programs run as their account', async (t) => {
  await withLab(PAIR, async (lab) => {
    const ipv4 = lab.address('client', 'ipv4');
    const ipv6 = lab.address('client', 'ipv6');
    t.match(await lab.run('client', ['curl', '-s', '-4', 'http://server/']), ` ${ipv4}\n`);
    t.match(await lab.run('client', ['curl', '-s', '-6', 'http://server/']), ` ${ipv6}\n`);
    t.equal(await lab.run('client', ['redis-cli', '-h', 'server', 'ping']), 'PONG\n');
    const redis = await lab.shell(
      'server',
      'ps -o user= -p $(ss -Htlnp "sport = 6379" | grep -o "pid=[0-9]*" | head -1 | cut -d= -f2)',
    );
    t.equal(redis.trim(), 'redis');
  });
});

t.test('a host reaches nothing outside the lab, and has tables and resolver of its own', async (t) => {
  await withLab(PAIR, async (lab) => {
    const outside = await lab.exec('client', ['curl', '-s', '-m', '5', 'http://192.0.2.1/']);
    t.equal(outside.exitCode, 7, 'no route');
    t.equal(await lab.shell('client', 'ip route show default; ip -6 route show default'), '');
    const watch = startWatch();
    t.not((await lab.exec('client', ['getent', 'hosts', 'example.invalid'])).exitCode, 0);
    t.ok(watch.quietMs() < 3000, 'an unknown name fails fast');
    await lab.run('client', ['iptables', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '80', '-j', 'REJECT']);
    t.not((await lab.exec('client', ['curl', '-s', '-4', '-m', '2', 'http://server/'])).exitCode, 0);
    t.equal(await lab.shell('server', 'iptables-save | grep -c REJECT || true'), '0\n');
  });
});

t.test('commands get their input, and give their output and exit status back', async (t) => {
  await withLab(PAIR, async (lab) => {
    t.equal(await lab.run('client', ['tr', 'a-z', 'A-Z'], 'towpath\n'), 'TOWPATH\n');
    t.match(await lab.exec('client', ['sh', '-c', 'echo out; echo err >&2; exit 3']), {
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });
});

t.test('a program is stopped with its children and started again', async (t) => {
  await withLab(PAIR, async (lab) => {
    const get = async (): Promise<number> =>
      (await lab.exec('client', ['curl', '-s', '-m', '2', 'http://server/'])).exitCode;
    t.equal(await get(), 0);
    await lab.stop('server', 'nginx', 'SIGKILL');
    t.equal(await get(), 7, 'refused: the workers are gone too');
    await t.rejects(lab.stop('server', 'nginx'), { message: 'nginx on server does not run' });
    await lab.start('server', 'nginx');
    t.equal(await get(), 0);
    await t.rejects(lab.start('server', 'nginx'), { message: 'nginx on server runs already' });
    await t.rejects(lab.stop('server', 'apache'), {
      message: 'the host "server" has no program "apache"; it has nginx, redis',
    });
  });
});

t.test('two labs with the same addresses live side by side', async (t) => {
  await withLab(PAIR, async (one) => {
    await withLab(PAIR, async (two) => {
      await two.stop('server', 'redis', 'SIGKILL');
      t.equal(await one.run('client', ['redis-cli', '-h', 'server', 'ping']), 'PONG\n');
      t.not((await two.exec('client', ['redis-cli', '-h', 'server', 'ping'])).exitCode, 0);
    });
    t.equal(
      await one.run('client', ['redis-cli', '-h', 'server', 'ping']),
      'PONG\n',
      'still after the other went down',
    );
  });
});

t.test('an IPv6-only host has no IPv4 address', async (t) => {
  await withLab({ hosts: { server: { families: ['ipv6'], programs: [WEB] }, client: {} } }, async (lab) => {
    t.equal(await lab.shell('server', 'ip -4 -o address show dev eth0'), '');
    t.match(await lab.run('client', ['curl', '-s', 'http://server/']), 'hello');
    t.equal(
      (await lab.exec('client', ['curl', '-s', '-4', 'http://server/'])).exitCode,
      6,
      'its name has no IPv4 address',
    );
  });
});
