import t from 'tap';
import type { InterceptionSettings } from '../../src/intercept/index.ts';
import { AGENT, type Caller, INBOUND_DIAL, whoAnswers } from '../network/support/dial.ts';
import { join2, Netns } from '../network/support/netns.ts';

t.setTimeout(120_000);

const PROGRAM_PORTS = ['80', '81', '22', '15020', '2000', '2001'];
const FAMILIES = [
  { name: 'IPv4', own: '10.77.0.1', peer: '10.77.0.2', lo: '127.0.0.1', lo2: '127.0.0.9', vip: '240.240.3.4', all: 32 },
  { name: 'IPv6', own: 'fd77::1', peer: 'fd77::2', lo: '::1', lo2: '::1', vip: 'fd00:240::9', all: 128 },
] as const;

/** `host` is captured and its stand-in proxy listens on 15001 and 15006; both hosts run a program on every other port. */
const host = await Netns.create();
const peer = await Netns.create();
t.teardown(async () => {
  await host.delete();
  await peer.delete();
});
await join2(host, peer, { left: ['10.77.0.1/24', 'fd77::1/64'], right: ['10.77.0.2/24', 'fd77::2/64'] });
await host.startScript('report-listener.ts', '15001', '15006', ...PROGRAM_PORTS).lineThat((line) => line === 'ready');
await peer.startScript('report-listener.ts', ...PROGRAM_PORTS).lineThat((line) => line === 'ready');

async function apply(...options: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.towpath('intercept', 'apply', '--failure', 'closed', ...options);
  if (exitCode !== 0) throw new Error(stderr);
}

function from(netns: Netns, ip: string, port: number, caller?: Caller): Promise<string> {
  return whoAnswers(netns, ip, port, caller);
}

for (const { name, own, peer: remote, lo, vip } of FAMILIES) {
  t.test(`${name}: every loopback case goes where it should`, async (t) => {
    await apply();
    t.equal(await from(host, remote, 80), `15001 for ${at(remote, 80)}`, 'program -> another host: outbound proxy');
    t.equal(await from(host, remote, 80, AGENT), '80 for nobody', 'outbound proxy -> another host: direct');
    t.equal(await from(host, remote, 80, { mark: 0x70a7 }), '80 for nobody', 'a marked dial is never captured');
    t.equal(await from(peer, own, 80), `15006 for ${at(own, 80)}`, 'another host -> program: inbound proxy');
    t.equal(await from(host, own, 80), '80 for nobody', 'program -> own address: direct');
    t.equal(await from(host, lo, 80), '80 for nobody', 'program -> localhost: direct');
    t.equal(await from(host, own, 80, INBOUND_DIAL), '80 for nobody', 'inbound proxy -> program: direct');
    t.equal(await from(host, own, 80, AGENT), `15006 for ${at(own, 80)}`, 'outbound -> inbound proxy of the same host');
    t.equal(await from(host, lo, 80, AGENT), '80 for nobody', 'outbound proxy -> localhost: direct');
    t.equal(await from(host, vip, 80), `15001 for ${at(vip, 80)}`, 'program -> virtual address: outbound proxy');
    t.equal(await from(host, vip, 22), `15001 for ${at(vip, 22)}`, 'virtual addresses know no exclusions');
    t.equal(await from(host, remote, 22), '22 for nobody', 'SSH to another host: direct');
    t.equal(await from(peer, own, 22), '22 for nobody', 'SSH to this host: direct');
    t.equal(await from(peer, own, 15020), '15020 for nobody', "the agent's own port: direct");
    t.equal(await from(host, remote, 15020), '15020 for nobody', "another agent's own port: direct");
    t.equal(await from(host, own, 22, AGENT), '22 for nobody', 'inbound exclusions hold for same-host calls');
    t.equal(await from(peer, own, 15006), '15006 for nobody', 'the capture port itself is not captured');
  });
}

t.test('the caller of a virtual address has its usual source address', async (t) => {
  await apply();
  const answer = await host.must('socat', '-', 'TCP4:240.240.3.4:80');
  t.match(answer, /from 10\.77\.0\.1$/m);
  const answer6 = await host.must('socat', '-', 'TCP6:[fd00:240::9]:80');
  t.match(answer6, /from fd77::1$/m);
});

t.test('virtual addresses work on a host that has no address but loopback', async (t) => {
  const lonely = await Netns.create();
  t.teardown(() => lonely.delete());
  await lonely.startScript('report-listener.ts', '15001').lineThat((line) => line === 'ready');
  await lonely.towpath('intercept', 'apply', '--failure', 'closed');
  t.equal(await whoAnswers(lonely, '240.240.3.4', 80), '15001 for 240.240.3.4:80');
  t.equal(await whoAnswers(lonely, 'fd00:240::9', 80), '15001 for [fd00:240::9]:80');
});

t.test('IPv4 and IPv6 do not need each other', async (t) => {
  await apply('--no-ipv6');
  t.equal(await from(host, '10.77.0.2', 80), '15001 for 10.77.0.2:80');
  t.equal(await from(host, 'fd77::2', 80), '80 for nobody');
  t.notMatch(await host.must('ip6tables-save'), 'TOWPATH', 'switching IPv6 off takes its rules away');
});

t.test('an IPv6 link-local address is left alone, because it cannot be redirected', async (t) => {
  await apply();
  const address = /inet6 (fe80\S+)\//.exec(await peer.must('ip', '-6', 'addr', 'show', 'dev', 'eth0'))?.[1];
  t.equal(await from(host, `${address}%eth0`, 80), '80 for nobody');
  const own = /inet6 (fe80\S+)\//.exec(await host.must('ip', '-6', 'addr', 'show', 'dev', 'eth0'))?.[1];
  t.equal(await from(peer, `${own}%eth0`, 80), '80 for nobody');
});

for (const { name, own, peer: remote, lo2, all } of FAMILIES) {
  const captured = (port: number): string => `15001 for ${at(remote, port)}`;
  const wide = name === 'IPv4' ? '10.77.0.0/16' : 'fd77::/32';

  t.test(`${name}: outbound lists decide by port, range, destination, user and group`, async (t) => {
    await apply('--outbound-exclude-ports', '81,2000-2001');
    t.same([await from(host, remote, 80), await from(host, remote, 81)], [captured(80), '81 for nobody']);
    t.same([await from(host, remote, 2000), await from(host, remote, 2001)], ['2000 for nobody', '2001 for nobody']);

    await apply('--outbound-include-ports', '81,2000-2001');
    t.same([await from(host, remote, 80), await from(host, remote, 81)], ['80 for nobody', captured(81)]);
    t.equal(await from(host, remote, 2001), captured(2001));

    await apply('--outbound-include-ports', 'none');
    t.equal(await from(host, remote, 80), '80 for nobody', 'an empty list captures nothing');

    await apply('--outbound-exclude-cidrs', wide);
    t.equal(await from(host, remote, 80), '80 for nobody');
    await apply('--outbound-include-cidrs', `${remote}/${all}`);
    t.equal(await from(host, remote, 80), captured(80));
    await apply('--outbound-include-cidrs', name === 'IPv4' ? '192.0.2.0/24' : 'fd99::/16');
    t.equal(await from(host, remote, 80), '80 for nobody');

    await apply('--outbound-exclude-uids', '4001', '--outbound-exclude-gids', '4002');
    t.equal(await from(host, remote, 80), captured(80), 'root is captured');
    t.equal(await from(host, remote, 80, { uid: 4001 }), '80 for nobody');
    t.equal(await from(host, remote, 80, { gid: 4002 }), '80 for nobody');

    await apply('--outbound-include-uids', '4001', '--outbound-include-gids', '4002');
    t.equal(await from(host, remote, 80), '80 for nobody');
    t.equal(await from(host, remote, 80, { uid: 4001 }), captured(80));
    t.equal(await from(host, remote, 80, { gid: 4002 }), captured(80), 'either list is enough');
  });

  t.test(`${name}: a connection must pass every include list`, async (t) => {
    await apply('--outbound-include-ports', '80', '--outbound-include-cidrs', wide, '--outbound-include-uids', '4001');
    t.equal(await from(host, remote, 80, { uid: 4001 }), captured(80));
    t.equal(await from(host, remote, 81, { uid: 4001 }), '81 for nobody');
    t.equal(await from(host, remote, 80), '80 for nobody');
  });

  t.test(
    `${name}: a loopback range on the include list is captured, and the agent's own dial there is not`,
    async (t) => {
      await apply('--outbound-include-cidrs', `${lo2},${wide}`);
      t.equal(await from(host, lo2, 80), `15001 for ${at(lo2, 80)}`);
      t.equal(await from(host, lo2, 80, AGENT), '80 for nobody');
      t.equal(await from(host, own, 80), '80 for nobody', 'the own address is still direct');
    },
  );

  t.test(`${name}: inbound lists decide by port, range, source and interface`, async (t) => {
    const taken = (port: number): string => `15006 for ${at(own, port)}`;
    await apply('--inbound-exclude-ports', '81,2000-2001');
    t.same([await from(peer, own, 80), await from(peer, own, 81)], [taken(80), '81 for nobody']);
    t.equal(await from(peer, own, 2001), '2001 for nobody');

    await apply('--inbound-include-ports', '81');
    t.same([await from(peer, own, 80), await from(peer, own, 81)], ['80 for nobody', taken(81)]);

    await apply('--inbound-exclude-cidrs', `${remote}/${all}`);
    t.equal(await from(peer, own, 80), '80 for nobody');
    await apply('--inbound-include-cidrs', wide);
    t.equal(await from(peer, own, 80), taken(80));

    await apply('--inbound-exclude-interfaces', 'eth+');
    t.equal(await from(peer, own, 80), '80 for nobody');
    t.equal(await from(host, own, 80, AGENT), taken(80), 'a same-host call comes in by no interface');
    await apply('--inbound-include-interfaces', 'eth1,eth0');
    t.equal(await from(peer, own, 80), taken(80));
    await apply('--inbound-include-interfaces', 'eth1');
    t.equal(await from(peer, own, 80), '80 for nobody');
  });
}

t.test('port 22 can be captured on request, and ports can be changed', async (t) => {
  const lonely = await Netns.create();
  t.teardown(() => lonely.delete());
  await lonely.startScript('report-listener.ts', '2501', '2506', '22').lineThat((line) => line === 'ready');
  const ports: Partial<InterceptionSettings> = { outboundPort: 2501, inboundPort: 2506 };
  await lonely.must('ip', 'addr', 'add', '10.66.0.1/32', 'dev', 'lo');
  await lonely.towpath(
    ...['intercept', 'apply', '--failure', 'closed', '--capture-ssh'],
    ...['--outbound-port', String(ports.outboundPort), '--inbound-port', String(ports.inboundPort)],
  );
  t.equal(await whoAnswers(lonely, '10.66.0.1', 22, AGENT), '2506 for 10.66.0.1:22');
  t.equal(await whoAnswers(lonely, '240.240.0.1', 80), '2501 for 240.240.0.1:80');
});

t.test('traffic that only passes through this host is not captured', async (t) => {
  const guest = await Netns.create();
  t.teardown(() => guest.delete());
  await apply();
  await guest.must('sh', '-c', `ip link add eth0 type veth peer name guest0 netns ${host.name}`);
  await guest.must(
    'sh',
    '-c',
    'ip addr add 10.78.0.2/24 dev eth0; ip link set eth0 up; ip route add default via 10.78.0.1',
  );
  await host.must(
    'sh',
    '-c',
    'ip addr add 10.78.0.1/24 dev guest0; ip link set guest0 up; sysctl -qw net.ipv4.ip_forward=1',
  );
  await peer.must('ip', 'route', 'add', '10.78.0.0/24', 'via', '10.77.0.1');
  t.equal(await whoAnswers(guest, '10.77.0.2', 80), '80 for nobody', 'forwarded');
  t.equal(await whoAnswers(guest, '10.78.0.1', 80), '15006 for 10.78.0.1:80', 'addressed to the host itself');
});

t.test('connections older than the rules live on', async (t) => {
  const { exitCode } = await host.towpath('intercept', 'remove');
  t.equal(exitCode, 0);
  const old = host.start('socat', '-', 'TCP4:10.77.0.2:80');
  await old.lineThat((line) => line.startsWith('80 for'));
  await apply();
  old.child.stdin.write('still there\n');
  t.equal(await old.lineThat((line) => line === 'still there'), 'still there');
  t.equal(await from(host, '10.77.0.2', 80), '15001 for 10.77.0.2:80', 'while new ones are captured');
});

t.test('redirected connections survive a change of the settings', async (t) => {
  await apply();
  const redirected = host.start('socat', '-', 'TCP4:10.77.0.2:80');
  await redirected.lineThat((line) => line === '15001 for 10.77.0.2:80 from 10.77.0.1');
  await apply('--outbound-exclude-ports', '80', '--outbound-include-cidrs', '10.0.0.0/8');
  redirected.child.stdin.write('still there\n');
  t.equal(await redirected.lineThat((line) => line === 'still there'), 'still there');
  t.equal(await from(host, '10.77.0.2', 80), '80 for nobody', 'while new ones obey the new settings');
});

function at(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
