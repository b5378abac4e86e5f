import t from 'tap';
import { buildRules, type RuleSet } from '../../../src/intercept/build-rules.ts';
import type { Rule } from '../../../src/intercept/rule.ts';
import { DEFAULT_SETTINGS, type InterceptionSettings } from '../../../src/intercept/settings.ts';

const FULL: InterceptionSettings = {
  ...DEFAULT_SETTINGS,
  outbound: {
    ...DEFAULT_SETTINGS.outbound,
    includePorts: [{ from: 80, to: 90 }],
    includeCidrs: ['10.0.0.0/8', '127.0.0.0/8', '::1', 'fd00::/8'],
    includeUids: [1],
    excludeUids: [2],
  },
  programs: [
    { port: 15_101, uids: [1001, 1002], gids: [33] },
    { port: 15_102, uids: [], gids: [7] },
  ],
  inbound: {
    ...DEFAULT_SETTINGS.inbound,
    includePorts: [{ from: 80, to: 90 }],
    includeCidrs: ['10.0.0.0/8', 'fd00::/8'],
    includeInterfaces: ['eth0'],
  },
};

/** The chains that a packet can meet after entering `chain`; throws on a loop, which the kernel would refuse. */
function reachableFrom(set: RuleSet, chain: string, path: readonly string[] = []): Set<string> {
  if (path.includes(chain)) throw new Error(`${[...path, chain].join(' -> ')} is a loop`);
  const found = new Set([chain]);
  for (const rule of set.rules) {
    if (rule.chain !== chain || !(rule.target.type === 'jump' || rule.target.type === 'goto')) continue;
    for (const next of reachableFrom(set, rule.target.chain, [...path, chain])) found.add(next);
  }
  return found;
}

/** Whether nothing that `rule` is about gets past `above`. */
function takesAllOf(above: Rule, rule: Rule): boolean {
  return above.matches.length === 0 && (above.protocol === null || above.protocol === rule.protocol);
}

for (const family of ['v4', 'v6'] as const) {
  for (const [what, settings] of [
    ['the defaults', DEFAULT_SETTINGS],
    ['no DNS', { ...DEFAULT_SETTINGS, dnsPort: null }],
    ['every list', FULL],
  ] as const) {
    const set = buildRules(settings, family);

    t.test(`${family}, ${what}: every chain is reached and none leads back to itself`, async (t) => {
      const entries = set.jumps.flatMap(({ target }) => (target.type === 'jump' ? [target.chain] : []));
      const reached = new Set(entries.flatMap((chain) => [...reachableFrom(set, chain)]));
      t.same([...reached].sort(), [...set.chains]);
    });

    t.test(`${family}, ${what}: what comes from outside never meets a rule about the local owner`, async (t) => {
      const outside = reachableFrom(set, 'TOWPATH_PREROUTING');
      const owned = set.rules.filter((rule) => rule.matches.some((m) => m.type === 'uid' || m.type === 'gid'));
      t.ok(owned.length > 0);
      t.notOk(
        owned.some((rule) => outside.has(rule.chain)),
        'the kernel would refuse it',
      );
      t.notOk(outside.has('TOWPATH_TO_OUTBOUND'));
    });

    t.test(`${family}, ${what}: no rule stands behind one that takes everything`, async (t) => {
      for (const chain of set.chains) {
        const rules = set.rules.filter((rule) => rule.chain === chain);
        t.equal(
          rules.find((rule, i) => rules.slice(0, i).some((above) => takesAllOf(above, rule))),
          undefined,
          chain,
        );
      }
    });

    t.test(`${family}, ${what}: every rule says why it is there`, async (t) => {
      t.same(
        [...set.jumps, ...set.rules].filter((rule) => rule.reason.length < 8),
        [],
      );
    });
  }
}
