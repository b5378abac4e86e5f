import t from 'tap';
import { type Match, renderRule, type Target } from '../../../src/intercept/rule.ts';

const CASES: readonly (readonly [readonly Match[], Target, string])[] = [
  [[], { type: 'return' }, '-p tcp -j RETURN'],
  [[{ type: 'opening' }], { type: 'jump', chain: 'A' }, '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j A'],
  [[{ type: 'mark', value: 0x70a7 }], { type: 'return' }, '-p tcp -m mark --mark 0x70a7 -j RETURN'],
  [[{ type: 'uid', id: 33 }], { type: 'goto', chain: 'A' }, '-p tcp -m owner --uid-owner 33 -g A'],
  [[{ type: 'gid', id: 5, not: true }], { type: 'return' }, '-p tcp -m owner ! --gid-owner 5 -j RETURN'],
  [[{ type: 'lease-ended', set: 's' }], { type: 'return' }, '-p tcp -m set ! --match-set s dst -j RETURN'],
  [
    [{ type: 'addressed-to-this-host' }],
    { type: 'redirect', port: 9 },
    '-p tcp -m addrtype --dst-type LOCAL -j REDIRECT --to-ports 9',
  ],
  [
    [
      {
        type: 'ports',
        ranges: [
          { from: 22, to: 22 },
          { from: 80, to: 90 },
        ],
      },
    ],
    { type: 'return' },
    '-p tcp -m multiport --dports 22,80:90 -j RETURN',
  ],
  [
    [
      { type: 'gid', id: 1, not: false },
      { type: 'destination', cidr: '10.0.0.0/8', not: true },
      { type: 'output-interface', name: 'lo' },
    ],
    { type: 'return' },
    '! -d 10.0.0.0/8 -o lo -p tcp -m owner --gid-owner 1 -j RETURN',
  ],
  [
    [
      { type: 'source', cidr: 'fd00::/8' },
      { type: 'input-interface', name: 'eth+' },
    ],
    { type: 'return' },
    '-s fd00::/8 -i eth+ -p tcp -j RETURN',
  ],
];

for (const [matches, target, text] of CASES) {
  t.test(`a rule reads as iptables-save prints it: ${text}`, async (t) => {
    t.equal(renderRule({ chain: 'C', matches, target, reason: '' }), text);
  });
}
