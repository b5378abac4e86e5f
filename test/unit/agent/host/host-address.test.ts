import type { NetworkInterfaceInfo } from 'node:os';
import t from 'tap';
import { defaultRouteInterfaces, pickHostAddress } from '../../../../src/agent/host/host-address.ts';

function at(address: string): NetworkInterfaceInfo[] {
  const internal = address === '127.0.0.1' || address === '::1';
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return [address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }];
}

const LO = [...at('127.0.0.1'), ...at('::1')];

t.test('the interface of the default route comes first, IPv4 before IPv6', async (t) => {
  const docker = at('172.17.0.1');
  const eth0 = [...at('fd00::5'), ...at('10.0.0.5')];
  t.equal(pickHostAddress({ lo: LO, docker0: docker, eth0 }, ['eth0']), '10.0.0.5');
  t.equal(pickHostAddress({ lo: LO, docker0: docker, eth0 }, []), '172.17.0.1');
  t.equal(pickHostAddress({ lo: LO, eth0: at('fd00::5') }, ['eth0']), 'fd00::5');
});

t.test("loopback and link-local addresses are nobody else's business", async (t) => {
  t.equal(pickHostAddress({ lo: LO }, []), null);
  t.equal(pickHostAddress({ lo: LO, eth0: [...at('169.254.3.4'), ...at('fe80::1')] }, ['eth0']), null);
  t.equal(pickHostAddress({}, ['eth0']), null);
});

t.test('default routes are found in what the kernel prints', async (t) => {
  const ipv4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
`;
  const zeros = '0'.repeat(32);
  const ipv6 = `fd000000000000000000000000000000 40 ${zeros} 00 ${zeros} 00000100 00000001 00000000 00000001     eth1
${zeros} 00 ${zeros} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth2
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo
`;
  t.strictSame(defaultRouteInterfaces(ipv4, ipv6), ['eth0', 'eth2']);
  t.strictSame(defaultRouteInterfaces('', ''), []);
});
