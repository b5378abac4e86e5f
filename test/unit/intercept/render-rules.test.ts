import t from 'tap';
import { renderRules } from '../../../src/intercept/render-rules.ts';
import {
  DEFAULT_SETTINGS,
  type InboundSettings,
  type InterceptionSettings,
  type OutboundSettings,
} from '../../../src/intercept/settings.ts';

const port = (from: number, to = from) => ({ from, to });

function linesOf(family: 'v4' | 'v6', change: Partial<InterceptionSettings>): string[] {
  return renderRules({ ...DEFAULT_SETTINGS, ...change })[family].split('\n');
}

function outbound(change: Partial<OutboundSettings>, family: 'v4' | 'v6' = 'v4'): string[] {
  return linesOf(family, { outbound: { ...DEFAULT_SETTINGS.outbound, ...change } });
}

function inbound(change: Partial<InboundSettings>, family: 'v4' | 'v6' = 'v4'): string[] {
  return linesOf(family, { inbound: { ...DEFAULT_SETTINGS.inbound, ...change } });
}

const rulesIn = (lines: readonly string[], chain: string): string[] =>
  lines.filter((line) => line.startsWith(`-A ${chain} `)).map((line) => line.slice(`-A ${chain} `.length));

t.test('the default rules are these, in this order', async (t) => {
  t.equal(
    renderRules(DEFAULT_SETTINGS).v4,
    `*nat
:TOWPATH_DNS - [0:0]
:TOWPATH_DNS_LISTS - [0:0]
:TOWPATH_INBOUND - [0:0]
:TOWPATH_OUTBOUND - [0:0]
:TOWPATH_OUTPUT - [0:0]
:TOWPATH_PREROUTING - [0:0]
:TOWPATH_TO_DNS - [0:0]
:TOWPATH_TO_INBOUND - [0:0]
:TOWPATH_TO_OUTBOUND - [0:0]
-A TOWPATH_OUTPUT -p tcp -m mark --mark 0x70a7 -j RETURN
-A TOWPATH_OUTPUT -d 240.240.0.0/16 -p tcp -m owner ! --gid-owner 15001 -g TOWPATH_TO_OUTBOUND
-A TOWPATH_OUTPUT -d 240.240.0.0/16 -p tcp -j RETURN
-A TOWPATH_OUTPUT -p tcp -m set ! --match-set towpath_lease_v4 dst -j RETURN
-A TOWPATH_OUTPUT ! -d 127.0.0.0/8 -o lo -p tcp -m owner --gid-owner 15001 -j TOWPATH_INBOUND
-A TOWPATH_OUTPUT -p tcp -m owner --gid-owner 15001 -j RETURN
-A TOWPATH_OUTPUT -p tcp -m tcp --dport 53 -g TOWPATH_DNS_LISTS
-A TOWPATH_OUTPUT -o lo -p tcp -j RETURN
-A TOWPATH_OUTPUT -p tcp -g TOWPATH_OUTBOUND
-A TOWPATH_OUTBOUND -p tcp -m multiport --dports 15000,15001,15006,15010,15020,15053,15080 -j RETURN
-A TOWPATH_OUTBOUND -p tcp -m multiport --dports 22 -j RETURN
-A TOWPATH_OUTBOUND -p tcp -g TOWPATH_TO_OUTBOUND
-A TOWPATH_TO_OUTBOUND -p tcp -j REDIRECT --to-ports 15001
-A TOWPATH_DNS -p udp -m set ! --match-set towpath_lease_v4 dst -j RETURN
-A TOWPATH_DNS -p udp -m owner --gid-owner 15001 -j RETURN
-A TOWPATH_DNS -p udp -g TOWPATH_DNS_LISTS
-A TOWPATH_DNS_LISTS -g TOWPATH_TO_DNS
-A TOWPATH_TO_DNS -p tcp -j REDIRECT --to-ports 15053
-A TOWPATH_TO_DNS -p udp -j REDIRECT --to-ports 15053
-A TOWPATH_PREROUTING -p tcp -m set ! --match-set towpath_lease_v4 dst -j RETURN
-A TOWPATH_PREROUTING -p tcp -g TOWPATH_INBOUND
-A TOWPATH_INBOUND -p tcp -m multiport --dports 15000,15001,15006,15010,15020,15053,15080 -j RETURN
-A TOWPATH_INBOUND -p tcp -m multiport --dports 22 -j RETURN
-A TOWPATH_INBOUND -p tcp -g TOWPATH_TO_INBOUND
-A TOWPATH_TO_INBOUND -p tcp -j REDIRECT --to-ports 15006
-I PREROUTING 1 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m addrtype --dst-type LOCAL -j TOWPATH_PREROUTING
-I OUTPUT 1 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TOWPATH_OUTPUT
-I OUTPUT 2 -p udp -m udp --dport 53 -j TOWPATH_DNS
COMMIT
`,
  );
});

t.test('IPv6 has its own loopback, virtual range and set, and leaves link-local addresses alone', async (t) => {
  const lines = linesOf('v6', {});
  t.same(rulesIn(lines, 'TOWPATH_OUTPUT'), [
    '-p tcp -m mark --mark 0x70a7 -j RETURN',
    '-d fd00:240::/32 -p tcp -m owner ! --gid-owner 15001 -g TOWPATH_TO_OUTBOUND',
    '-d fd00:240::/32 -p tcp -j RETURN',
    '-p tcp -m set ! --match-set towpath_lease_v6 dst -j RETURN',
    '! -d ::1/128 -o lo -p tcp -m owner --gid-owner 15001 -j TOWPATH_INBOUND',
    '-p tcp -m owner --gid-owner 15001 -j RETURN',
    '-p tcp -m tcp --dport 53 -g TOWPATH_DNS_LISTS',
    '-o lo -p tcp -j RETURN',
    '-d fe80::/10 -p tcp -j RETURN',
    '-p tcp -g TOWPATH_OUTBOUND',
  ]);
  t.same(rulesIn(lines, 'TOWPATH_DNS_LISTS'), ['-d fe80::/10 -j RETURN', '-g TOWPATH_TO_DNS']);
  t.ok(rulesIn(lines, 'TOWPATH_PREROUTING').includes('-d fe80::/10 -p tcp -j RETURN'));
});

t.test('IPv6 switched off renders nothing for it', async (t) => {
  t.equal(renderRules({ ...DEFAULT_SETTINGS, ipv6: false }).v6, '');
});

t.test('the same settings render the same text', async (t) => {
  t.same(renderRules(structuredClone(DEFAULT_SETTINGS)), renderRules(DEFAULT_SETTINGS));
});

t.test('failure: closed asks no lease', async (t) => {
  const { v4, v6 } = renderRules({ ...DEFAULT_SETTINGS, failure: 'closed' });
  t.notMatch(v4 + v6, /match-set/);
});

t.test('ports and group are the given ones, everywhere', async (t) => {
  const lines = linesOf('v4', { outboundPort: 2501, inboundPort: 2506, dnsPort: 2553, gid: 77 });
  t.same(rulesIn(lines, 'TOWPATH_TO_OUTBOUND'), ['-p tcp -j REDIRECT --to-ports 2501']);
  t.same(rulesIn(lines, 'TOWPATH_TO_INBOUND'), ['-p tcp -j REDIRECT --to-ports 2506']);
  t.match(rulesIn(lines, 'TOWPATH_INBOUND')[0], /--dports 2501,2506,2553,15000,15010,15020,15053,15080 /);
  t.same(rulesIn(lines, 'TOWPATH_TO_DNS'), [
    '-p tcp -j REDIRECT --to-ports 2553',
    '-p udp -j REDIRECT --to-ports 2553',
  ]);
  t.notMatch(lines.join('\n'), /15001|15006/);
  t.equal(lines.filter((line) => line.includes('--gid-owner 77 ')).length, 4);
});

t.test('every virtual range is captured before the lease and the loopback rules', async (t) => {
  const rules = rulesIn(
    linesOf('v4', { virtualIpRanges: ['240.1.0.0/16', '240.2.0.9', 'fd00::/16'] }),
    'TOWPATH_OUTPUT',
  );
  t.same(rules.slice(1, 5), [
    '-d 240.1.0.0/16 -p tcp -m owner ! --gid-owner 15001 -g TOWPATH_TO_OUTBOUND',
    '-d 240.2.0.9/32 -p tcp -m owner ! --gid-owner 15001 -g TOWPATH_TO_OUTBOUND',
    '-d 240.1.0.0/16 -p tcp -j RETURN',
    '-d 240.2.0.9/32 -p tcp -j RETURN',
  ]);
  t.match(rules[5], /match-set/);
});

const EXCLUDES: readonly (readonly [string, readonly string[], string, string])[] = [
  [
    'outbound port',
    outbound({ excludePorts: [port(25), port(80, 90)] }),
    'TOWPATH_OUTBOUND',
    '-p tcp -m multiport --dports 25,80:90 -j RETURN',
  ],
  [
    'outbound CIDR',
    outbound({ excludeCidrs: ['10.1.2.3/8', 'fd00::/8'] }),
    'TOWPATH_OUTBOUND',
    '-d 10.0.0.0/8 -p tcp -j RETURN',
  ],
  [
    'outbound IPv6 CIDR',
    outbound({ excludeCidrs: ['10.0.0.0/8', 'fd00::/8'] }, 'v6'),
    'TOWPATH_OUTBOUND',
    '-d fd00::/8 -p tcp -j RETURN',
  ],
  [
    'programs with a listener',
    linesOf('v4', { programs: [{ port: 15101, uids: [33], gids: [] }] }),
    'TOWPATH_TO_OUTBOUND',
    '-p tcp -m owner --uid-owner 33 -j REDIRECT --to-ports 15101',
  ],
  ['outbound user', outbound({ excludeUids: [33] }), 'TOWPATH_OUTBOUND', '-p tcp -m owner --uid-owner 33 -j RETURN'],
  ['outbound group', outbound({ excludeGids: [34] }), 'TOWPATH_OUTBOUND', '-p tcp -m owner --gid-owner 34 -j RETURN'],
  [
    'inbound port',
    inbound({ excludePorts: [port(9100)] }),
    'TOWPATH_INBOUND',
    '-p tcp -m multiport --dports 9100 -j RETURN',
  ],
  ['inbound source', inbound({ excludeCidrs: ['10.0.0.0/8'] }), 'TOWPATH_INBOUND', '-s 10.0.0.0/8 -p tcp -j RETURN'],
  [
    'inbound interface',
    inbound({ excludeInterfaces: ['docker+'] }),
    'TOWPATH_PREROUTING',
    '-i docker+ -p tcp -j RETURN',
  ],
];

for (const [what, lines, chain, rule] of EXCLUDES) {
  t.test(`an excluded ${what} returns before anything is included`, async (t) => {
    const rules = rulesIn(lines, chain);
    t.ok(rules.includes(rule), rules.join('\n'));
    t.ok(rules.indexOf(rule) < rules.length - 1, 'and is not the last word');
  });
}

t.test('include lists are asked one after the other, each in its own chain', async (t) => {
  const lines = outbound({
    includeUids: [1],
    includeGids: [2],
    includePorts: [port(80), port(90, 99)],
    includeCidrs: ['10.0.0.0/8', '10.0.0.0/0'],
  });
  t.equal(rulesIn(lines, 'TOWPATH_OUTBOUND').at(-1), '-p tcp -g TOWPATH_OUT_OWNERS');
  t.same(rulesIn(lines, 'TOWPATH_OUT_OWNERS'), [
    '-p tcp -m owner --uid-owner 1 -g TOWPATH_OUT_PORTS',
    '-p tcp -m owner --gid-owner 2 -g TOWPATH_OUT_PORTS',
  ]);
  t.same(rulesIn(lines, 'TOWPATH_OUT_PORTS'), ['-p tcp -m multiport --dports 80,90:99 -g TOWPATH_OUT_CIDRS']);
  t.same(rulesIn(lines, 'TOWPATH_OUT_CIDRS'), [
    '-d 10.0.0.0/8 -p tcp -g TOWPATH_TO_OUTBOUND',
    '-p tcp -g TOWPATH_TO_OUTBOUND',
  ]);
});

t.test('inbound include lists', async (t) => {
  const lines = inbound(
    { includePorts: [port(80)], includeCidrs: ['fd00::/8'], includeInterfaces: ['eth0', 'eth1'] },
    'v6',
  );
  t.same(rulesIn(lines, 'TOWPATH_PREROUTING').slice(-2), [
    '-i eth0 -p tcp -g TOWPATH_INBOUND',
    '-i eth1 -p tcp -g TOWPATH_INBOUND',
  ]);
  t.same(rulesIn(lines, 'TOWPATH_IN_PORTS'), ['-p tcp -m multiport --dports 80 -g TOWPATH_IN_CIDRS']);
  t.same(rulesIn(lines, 'TOWPATH_IN_CIDRS'), ['-s fd00::/8 -p tcp -g TOWPATH_TO_INBOUND']);
});

t.test('an include list without an entry of the family captures nothing of it', async (t) => {
  const lines = outbound({ includeCidrs: ['10.0.0.0/8'] }, 'v6');
  t.ok(lines.includes(':TOWPATH_OUT_CIDRS - [0:0]'));
  t.same(rulesIn(lines, 'TOWPATH_OUT_CIDRS'), []);
  t.equal(rulesIn(lines, 'TOWPATH_OUTBOUND').at(-1), '-p tcp -g TOWPATH_OUT_CIDRS');
  t.same(rulesIn(outbound({ includePorts: [] }), 'TOWPATH_OUT_PORTS'), []);
});

t.test('a loopback range on the include list is taken before loopback is let go', async (t) => {
  const rules = rulesIn(outbound({ includeCidrs: ['127.0.0.9', '10.0.0.0/8'] }), 'TOWPATH_OUTPUT');
  const taken = rules.indexOf('-d 127.0.0.9/32 -o lo -p tcp -g TOWPATH_OUTBOUND');
  t.ok(taken > rules.indexOf('-p tcp -m owner --gid-owner 15001 -j RETURN'), "after the agent's own dials");
  t.ok(taken < rules.indexOf('-o lo -p tcp -j RETURN'));
  t.notOk(rules.some((rule) => rule.includes('10.0.0.0/8')));
});

t.test('every chain that a rule leads to is declared', async (t) => {
  const all = outbound({ includeUids: [1], includePorts: [], includeCidrs: ['10.0.0.0/8'] });
  const declared = new Set(all.filter((line) => line.startsWith(':')).map((line) => line.slice(1).split(' ')[0]));
  for (const line of all) {
    const [, target] = / -[jg] (TOWPATH_\S+)/.exec(line) ?? [];
    if (target !== undefined) t.ok(declared.has(target), target);
  }
});
