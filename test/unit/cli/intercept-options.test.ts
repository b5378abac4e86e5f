import t from 'tap';
import { describesRules, settingsFrom } from '../../../src/cli/intercept-options.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/index.ts';

t.test('without options the defaults hold', async (t) => {
  t.same(settingsFrom({}), DEFAULT_SETTINGS);
  t.notOk(describesRules({}));
});

t.test('DNS is left alone on request, whatever port is given', async (t) => {
  t.equal(settingsFrom({ 'no-dns': true, 'dns-port': '2553' }).dnsPort, null);
});

t.test('every option reaches its field', async (t) => {
  const list = (text: string) => [text];
  const settings = settingsFrom({
    'outbound-port': '2501',
    'inbound-port': '2506',
    'dns-port': '2553',
    gid: '77',
    failure: 'closed',
    'no-ipv6': true,
    'virtual-ips': list('240.1.0.0/16,fd00::/32'),
    'outbound-include-ports': list('80,90-99'),
    'outbound-exclude-ports': ['25', '100:110'],
    'outbound-include-cidrs': list('10.0.0.0/8'),
    'outbound-exclude-cidrs': list('10.1.0.0/16'),
    'outbound-include-uids': list('1,2'),
    'outbound-exclude-uids': list('3'),
    'outbound-include-gids': list('4'),
    'outbound-exclude-gids': list('5'),
    'outbound-programs': list('15101:uid:1001,15102:gid:7,15101:gid:33'),
    'inbound-include-ports': list('none'),
    'inbound-exclude-ports': list('9100'),
    'inbound-include-cidrs': list('10.2.0.0/16'),
    'inbound-exclude-cidrs': list('10.3.0.0/16'),
    'inbound-include-interfaces': list('eth0, eth1'),
    'inbound-exclude-interfaces': list('docker+'),
  });
  t.same(settings, {
    outboundPort: 2501,
    inboundPort: 2506,
    dnsPort: 2553,
    gid: 77,
    failure: 'closed',
    virtualIpRanges: ['240.1.0.0/16', 'fd00::/32'],
    outbound: {
      includePorts: [
        { from: 80, to: 80 },
        { from: 90, to: 99 },
      ],
      excludePorts: [
        { from: 22, to: 22 },
        { from: 25, to: 25 },
        { from: 100, to: 110 },
      ],
      includeCidrs: ['10.0.0.0/8'],
      excludeCidrs: ['10.1.0.0/16'],
      includeUids: [1, 2],
      excludeUids: [3],
      includeGids: [4],
      excludeGids: [5],
    },
    programs: [
      { port: 15_101, uids: [1001], gids: [33] },
      { port: 15_102, uids: [], gids: [7] },
    ],
    inbound: {
      includePorts: [],
      excludePorts: [
        { from: 22, to: 22 },
        { from: 9100, to: 9100 },
      ],
      includeCidrs: ['10.2.0.0/16'],
      excludeCidrs: ['10.3.0.0/16'],
      includeInterfaces: ['eth0', 'eth1'],
      excludeInterfaces: ['docker+'],
    },
    ipv6: false,
  });
});

t.test('exclude lists add to port 22 unless SSH is to be captured', async (t) => {
  const settings = settingsFrom({ 'capture-ssh': true, 'inbound-exclude-ports': ['80'] });
  t.same(settings.inbound.excludePorts, [{ from: 80, to: 80 }]);
  t.same(settings.outbound.excludePorts, []);
  t.ok(describesRules({ 'capture-ssh': true }));
});

for (const [name, value, words] of [
  ['gid', 'staff', /--gid: "staff" is not a number/],
  ['outbound-programs', '15101:user:1', /--outbound-programs: "15101:user:1" is not PORT:uid:ID/],
  ['gid', '1,2', /--gid: takes one number/],
  ['failure', 'ajar', /--failure: must be open or closed, not ajar/],
  ['outbound-exclude-ports', 'http', /--outbound-exclude-ports: "http" is not a port/],
  ['inbound-include-ports', '1-2-3', /--inbound-include-ports: "1-2-3" is not a port/],
] as const) {
  t.test(`--${name} ${value} is refused with status 2`, async (t) => {
    t.throws(() => settingsFrom({ [name]: value }), { message: words, exitCode: 2 });
  });
}
