import t from 'tap';
import { buildRules } from '../../../src/intercept/build-rules.ts';
import { compareRules } from '../../../src/intercept/compare-rules.ts';
import { parseSaved } from '../../../src/intercept/parse-saved.ts';
import { renderRules } from '../../../src/intercept/render-rules.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';

const wanted = buildRules(DEFAULT_SETTINGS, 'v4');

/** What iptables-save prints when exactly our rules are in force. */
const SAVED = renderRules(DEFAULT_SETTINGS).v4.replace(/^-I (\S+) \d /gm, '-A $1 ');

function differences(change: (saved: string) => string): string[] {
  const changed = change(SAVED);
  t.not(changed, SAVED, 'the case changes something');
  return compareRules(wanted, parseSaved(changed));
}

t.test('our own rules, as saved, differ in nothing', async (t) => {
  t.same(compareRules(wanted, parseSaved(SAVED)), []);
});

t.test('another version of iptables may print the same rule otherwise', async (t) => {
  const printed = differences((saved) =>
    saved
      .replace('-p tcp -m mark --mark 0x70a7', '-p tcp -m tcp -m mark --mark 0x70a7/0xffffffff')
      .replace('! -d 127.0.0.0/8 -o lo -p tcp', '-p tcp ! -d 127.0.0.0/8 -o lo'),
  );
  t.same(printed, []);
});

t.test('foreign rules below ours do not concern us, one above does', async (t) => {
  t.same(
    differences((saved) => saved.replace('COMMIT', '-A OUTPUT -p udp -j RETURN\nCOMMIT')),
    [],
  );
  t.same(
    differences((saved) => saved.replace('-A OUTPUT', '-A OUTPUT -p udp -j RETURN\n-A OUTPUT')),
    ['OUTPUT has 1 foreign rules above ours', 'OUTPUT (DNS) has 1 foreign rules above ours'],
  );
  t.same(
    differences((saved) => saved.replace('-A OUTPUT -p udp', '-A OUTPUT -p tcp -j RETURN\n-A OUTPUT -p udp')),
    ['OUTPUT (DNS) has 1 foreign rules above ours'],
    'nor may one come between ours',
  );
  t.same(
    differences((saved) => saved.replace(/^(-A OUTPUT -p tcp .*\n)(-A OUTPUT -p udp .*\n)/m, '$2$1')),
    ['OUTPUT has our rules in another order'],
  );
});

t.test('each kind of drift is named', async (t) => {
  t.same(
    differences((saved) => saved.replace(/^-A OUTPUT .*\n/m, '')),
    ['OUTPUT does not lead to our rules'],
  );
  t.same(
    differences((saved) => saved.replace(/^(-A OUTPUT .*\n)/m, '$1$1')),
    ['OUTPUT leads to our rules 2 times', 'OUTPUT (DNS) has our rules in another order'],
  );
  t.same(
    differences((saved) => saved.replace(/^-A TOWPATH_TO_INBOUND .*\n/m, '')),
    ['chain TOWPATH_TO_INBOUND lacks the rule -p tcp -j REDIRECT --to-ports 15006'],
  );
  t.same(
    differences((saved) =>
      saved.replace('-A TOWPATH_TO_INBOUND', '-A TOWPATH_TO_INBOUND -j RETURN\n-A TOWPATH_TO_INBOUND'),
    ),
    ['chain TOWPATH_TO_INBOUND has a foreign rule -j RETURN'],
  );
  t.same(
    differences((saved) => saved.replace(/^(-A TOWPATH_OUTPUT .* RETURN\n)/m, '$1$1')),
    ['chain TOWPATH_OUTPUT has its rules in another order or more than once'],
  );
  t.same(
    differences((saved) => saved.replace('*nat\n', '*nat\n:TOWPATH_OLD - [0:0]\n')),
    ['chain TOWPATH_OLD should not be there'],
  );
  t.same(
    differences((saved) => saved.replace('COMMIT', '-A INPUT -p tcp -j TOWPATH_INBOUND\nCOMMIT')),
    ['INPUT has an unknown rule that leads to our chains: -p tcp -j TOWPATH_INBOUND'],
  );
});

t.test('a negation is not overlooked', async (t) => {
  const found = differences((saved) => saved.replace('-m set ! --match-set', '-m set --match-set'));
  t.match(found.join('\n'), /lacks the rule -p tcp -m set ! --match-set/);
});
