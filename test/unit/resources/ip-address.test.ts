import t from 'tap';
import { canonicalIp, compareIps, endpointIpProblem, virtualIpProblem } from '../../../src/resources/ip-address.ts';

t.test('one text per address', async (t) => {
  const table: Record<string, string | null> = {
    '10.0.0.1': '10.0.0.1',
    'FD00:0:0::1': 'fd00::1',
    'fd00:0000:0000:0000:0000:0000:0000:0001': 'fd00::1',
    '2001:db8::1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    '::ffff:10.0.0.1': '10.0.0.1',
    '::FFFF:0a00:0001': '10.0.0.1',
    '::': '::',
    '010.0.0.1': null,
    '10.0.0': null,
    '10.0.0.1/8': null,
    'fe80::1%eth0': null,
    '[::1]': null,
    localhost: null,
    '': null,
  };
  for (const [text, expected] of Object.entries(table)) t.equal(canonicalIp(text), expected, text);
});

t.test('what an address can be used for', async (t) => {
  for (const ip of ['10.0.0.1', '127.0.0.1', '::1', 'fd00::1', '240.240.0.1']) t.equal(endpointIpProblem(ip), null, ip);
  for (const ip of ['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', 'fe80::1', 'febf::1'])
    t.type(endpointIpProblem(ip), 'string', ip);
  for (const ip of ['10.96.0.1', '240.240.0.1', 'fd00:240::1']) t.equal(virtualIpProblem(ip), null, ip);
  for (const ip of ['127.0.0.1', '::1', 'fe80::1', '169.254.1.1', '0.0.0.0', 'ff02::1'])
    t.type(virtualIpProblem(ip), 'string', ip);
});

t.test('IPv4 comes before IPv6', async (t) => {
  t.same(['fd00::1', '10.0.0.2', '10.0.0.1'].sort(compareIps), ['10.0.0.1', '10.0.0.2', 'fd00::1']);
});
