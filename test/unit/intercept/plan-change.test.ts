import t from 'tap';
import { buildRules } from '../../../src/intercept/build-rules.ts';
import { parseSaved } from '../../../src/intercept/parse-saved.ts';
import { planApply, planRelease, planRemove, planRestore } from '../../../src/intercept/plan-change.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';

const wanted = buildRules(DEFAULT_SETTINGS, 'v4');
const NOTHING = parseSaved('');
const USED = parseSaved('*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p udp -j RETURN\nCOMMIT\n');
const OLD = parseSaved(`*nat
:OUTPUT ACCEPT [0:0]
:TOWPATH_OLD - [0:0]
:TOWPATH_OUTPUT - [0:0]
-A OUTPUT -p udp -j RETURN
-A OUTPUT -p tcp -j TOWPATH_OUTPUT
-A TOWPATH_OUTPUT -p tcp -j TOWPATH_OLD
COMMIT
`);

t.test('a table that did not exist is marked as made by us', async (t) => {
  t.match(planApply(wanted, NOTHING).input, /^\*nat\n:TOWPATH_MADE_TABLE - \[0:0\]\n/);
  t.notMatch(planApply(wanted, USED).input, /MADE_TABLE/);
});

t.test('what was there of an earlier version goes in the same commit', async (t) => {
  const { input, flush } = planApply(wanted, OLD);
  t.notOk(flush);
  const lines = input.split('\n');
  t.same(
    lines.filter((line) => /^-[DFX]/.test(line)),
    ['-D OUTPUT -p tcp -j TOWPATH_OUTPUT', '-F TOWPATH_OLD', '-X TOWPATH_OLD'],
  );
  t.ok(
    lines.indexOf('-X TOWPATH_OLD') > lines.indexOf(':TOWPATH_OUTPUT - [0:0]'),
    'after the chains that lead to it are emptied',
  );
  t.equal(lines.filter((line) => line === '*nat' || line === 'COMMIT').length, 2, 'one transaction');
});

t.test('removing deletes jumps, then empties all chains, then deletes them', async (t) => {
  t.equal(
    planRemove(OLD)?.input,
    '*nat\n-D OUTPUT -p tcp -j TOWPATH_OUTPUT\n-F TOWPATH_OLD\n-F TOWPATH_OUTPUT\n-X TOWPATH_OLD\n-X TOWPATH_OUTPUT\nCOMMIT\n',
  );
  t.equal(planRemove(NOTHING), undefined);
  t.equal(planRemove(USED), undefined);
});

t.test('a table made by us goes as a whole, unless somebody moved in', async (t) => {
  const ours = '*nat\n:TOWPATH_MADE_TABLE - [0:0]\n:TOWPATH_OUTPUT - [0:0]\n-A OUTPUT -p tcp -j TOWPATH_OUTPUT\n';
  t.same(planRemove(parseSaved(`${ours}COMMIT\n`)), { input: '*nat\nCOMMIT\n', flush: true });
  const shared = planRemove(parseSaved(`${ours}-A OUTPUT -p udp -j RETURN\nCOMMIT\n`));
  t.notOk(shared?.flush);
  t.match(shared?.input, /-X TOWPATH_MADE_TABLE/);
  t.notMatch(shared?.input, /udp/);
});

t.test('releasing takes the jumps only', async (t) => {
  t.equal(planRelease(OLD)?.input, '*nat\n-D OUTPUT -p tcp -j TOWPATH_OUTPUT\nCOMMIT\n');
  t.equal(planRelease(USED), undefined);
});

t.test('restoring brings former rules back word by word, at their former place', async (t) => {
  const now = parseSaved('*nat\n:TOWPATH_NEW - [0:0]\n-A PREROUTING -p tcp -j TOWPATH_NEW\nCOMMIT\n');
  t.equal(
    planRestore(OLD, now)?.input,
    `*nat
:TOWPATH_OLD - [0:0]
:TOWPATH_OUTPUT - [0:0]
-D PREROUTING -p tcp -j TOWPATH_NEW
-F TOWPATH_NEW
-X TOWPATH_NEW
-A TOWPATH_OUTPUT -p tcp -j TOWPATH_OLD
-I OUTPUT 2 -p tcp -j TOWPATH_OUTPUT
COMMIT
`,
  );
  t.same(planRestore(NOTHING, OLD), planRemove(OLD), 'nothing before means: remove');
});
