import t from 'tap';
import { parseCidr } from '../../../src/intercept/cidr.ts';
import { cidrMatch, leaseRule, linkLocalRule, ownPorts } from '../../../src/intercept/common-rules.ts';
import { renderRule } from '../../../src/intercept/rule.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';

const numbers = (change: Partial<typeof DEFAULT_SETTINGS>) =>
  ownPorts({ ...DEFAULT_SETTINGS, ...change }).map(({ from }) => from);

t.test(
  'own ports are sorted and named once; the DNS port is one of them, also where it is not the usual one',
  async (t) => {
    t.same(numbers({}), [15000, 15001, 15006, 15010, 15020, 15053, 15080]);
    t.same(numbers({ dnsPort: 5353, inboundPort: 15010 }), [5353, 15000, 15001, 15010, 15020, 15053, 15080]);
    t.same(numbers({ dnsPort: null }), numbers({}), 'nobody else takes the usual one');
  },
);

t.test('the lease and link-local addresses are the same question for TCP, UDP and both', async (t) => {
  t.same(leaseRule(DEFAULT_SETTINGS, 'v4', 'X', 'udp').map(renderRule), [
    '-p udp -m set ! --match-set towpath_lease_v4 dst -j RETURN',
  ]);
  t.same(leaseRule({ ...DEFAULT_SETTINGS, failure: 'closed' }, 'v4', 'X'), []);
  t.equal(renderRule(linkLocalRule('X')), '-d fe80::/10 -p tcp -j RETURN');
  t.equal(renderRule(linkLocalRule('X', null)), '-d fe80::/10 -j RETURN');
});

t.test('the range of all addresses needs no match', async (t) => {
  const all = parseCidr('0.0.0.0/0');
  const some = parseCidr('10.0.0.0/8');
  if (all === undefined || some === undefined) throw new Error('not parsed');
  t.same(cidrMatch('source', all), []);
  t.same(cidrMatch('destination', some), [{ type: 'destination', cidr: '10.0.0.0/8', not: false }]);
});
