import t from 'tap';
import { DEFAULT_SETTINGS, type InterceptionSettings } from '../../../src/intercept/settings.ts';
import { validateSettings } from '../../../src/intercept/validate-settings.ts';

function problemsWith(change: object): string[] {
  const settings = { ...DEFAULT_SETTINGS, ...change } as InterceptionSettings;
  return validateSettings(settings).map((problem) => `${problem.path}: ${problem.message}`);
}
const inbound = (change: object) => ({ inbound: { ...DEFAULT_SETTINGS.inbound, ...change } });
const outbound = (change: object) => ({ outbound: { ...DEFAULT_SETTINGS.outbound, ...change } });

t.test('the defaults are valid', async (t) => {
  t.same(problemsWith({}), []);
});

const BAD: readonly (readonly [string, object, RegExp])[] = [
  ['a port out of range', { outboundPort: 0 }, /^outboundPort: 0 is not a port/],
  ['a broken port', { inboundPort: 1.5 }, /^inboundPort: 1.5 is not a port/],
  ['one port for both sides', { inboundPort: 15001 }, /^inboundPort: 15001 is the outbound port as well/],
  [
    'a capture port for programs',
    { programs: [{ port: 15006, uids: [1], gids: [] }] },
    /^programs\[0\].port: 15006 is a/,
  ],
  ['a program that is none', { programs: [{ port: 15101, uids: [-1], gids: [] }] }, /^programs\[0\].uids\[0\]: -1/],
  ['the group of root', { gid: 0 }, /^gid: 0 is the group of root/],
  ['a negative group', { gid: -1 }, /^gid: -1 is not a numeric id/],
  ['a virtual range that is everything', { virtualIpRanges: ['0.0.0.0/0'] }, /^virtualIpRanges\[0\]: .*whole internet/],
  ['a virtual range on loopback', { virtualIpRanges: ['127.0.0.0/16'] }, /^virtualIpRanges\[0\]: .*loopback/],
  ['a virtual range that is none', { virtualIpRanges: ['x'] }, /^virtualIpRanges\[0\]: "x" is not an address range/],
  [
    'a range of ports that runs backwards',
    outbound({ excludePorts: [{ from: 9, to: 8 }] }),
    /^outbound.excludePorts\[0\]: 9-8 runs backwards/,
  ],
  ['a bad CIDR', outbound({ includeCidrs: ['10.0.0.0/8', '10.0.0.0/40'] }), /^outbound.includeCidrs\[1\]: /],
  ['a bad source CIDR', inbound({ excludeCidrs: ['-j ACCEPT'] }), /^inbound.excludeCidrs\[0\]: /],
  ['a user id beyond 32 bits', outbound({ includeUids: [2 ** 32] }), /^outbound.includeUids\[0\]: /],
  ['an interface that begins an option', inbound({ excludeInterfaces: ['-j'] }), /^inbound.excludeInterfaces\[0\]: /],
  ['an interface with a line feed', inbound({ includeInterfaces: ['eth0\n-F'] }), /^inbound.includeInterfaces\[0\]: /],
  [
    'an interface name too long',
    inbound({ includeInterfaces: ['a234567890123456'] }),
    /^inbound.includeInterfaces\[0\]: /,
  ],
  [
    'a list without end',
    outbound({ excludeUids: Array.from({ length: 1001 }, () => 1) }),
    /^outbound.excludeUids: has 1001 entries/,
  ],
];

for (const [what, change, words] of BAD) {
  t.test(`${what} is refused with the path of the field`, async (t) => {
    const problems = problemsWith(change);
    t.equal(problems.length, 1, problems.join('\n'));
    t.match(problems[0], words);
  });
}

t.test('all mistakes are told at once', async (t) => {
  t.equal(problemsWith({ gid: -1, outboundPort: 0, ...inbound({ includeCidrs: ['a', 'b'] }) }).length, 4);
});
