import t from 'tap';
import { dnsJump, dnsOverTcpRule, dnsRules } from '../../../src/intercept/dns-rules.ts';
import { renderRule } from '../../../src/intercept/rule.ts';
import { DEFAULT_SETTINGS, type OutboundSettings } from '../../../src/intercept/settings.ts';

function lists(change: Partial<OutboundSettings>, family: 'v4' | 'v6' = 'v4'): string[] {
  const settings = { ...DEFAULT_SETTINGS, outbound: { ...DEFAULT_SETTINGS.outbound, ...change } };
  return dnsRules(settings, family)
    .filter(({ chain }) => chain === 'TOWPATH_DNS_LISTS')
    .map(renderRule);
}

const ALL = '-g TOWPATH_TO_DNS';

const CASES: readonly (readonly [what: string, change: Partial<OutboundSettings>, rules: readonly string[]])[] = [
  ['nothing', {}, [ALL]],
  ['ports of connections', { includePorts: [{ from: 80, to: 80 }], includeCidrs: ['10.0.0.0/8'] }, [ALL]],
  ['port 53 among excluded ones', { excludePorts: [{ from: 1, to: 100 }], excludeUids: [2] }, ['-j RETURN']],
  ['an excluded user', { excludeUids: [2] }, ['-m owner --uid-owner 2 -j RETURN', ALL]],
  ['an excluded group', { excludeGids: [3] }, ['-m owner --gid-owner 3 -j RETURN', ALL]],
  ['an excluded resolver', { excludeCidrs: ['10.0.0.9', 'fd00::/8'] }, ['-d 10.0.0.9/32 -j RETURN', ALL]],
  [
    'included owners',
    { includeUids: [1], includeGids: [4], excludeUids: [2] },
    ['-m owner --uid-owner 2 -j RETURN', `-m owner --uid-owner 1 ${ALL}`, `-m owner --gid-owner 4 ${ALL}`],
  ],
];

for (const [what, change, rules] of CASES) {
  t.test(`${what} on the lists`, async (t) => {
    t.same(lists(change), rules);
  });
}

t.test('IPv6 leaves link-local resolvers alone, and knows its own ranges', async (t) => {
  t.same(lists({ excludeCidrs: ['10.0.0.9', 'fd00::/8'] }, 'v6'), [
    '-d fe80::/10 -j RETURN',
    '-d fd00::/8 -j RETURN',
    ALL,
  ]);
});

t.test('switched off there is nothing', async (t) => {
  const off = { ...DEFAULT_SETTINGS, dnsPort: null };
  t.same([dnsRules(off, 'v4'), dnsJump(off), dnsOverTcpRule(off, 'X')], [[], [], []]);
});
