import t from 'tap';
import { IpBlock } from '../../../../../src/proxy/policy/authorization/ip-block.ts';
import { parseSockAddr } from '../../../../../src/reactor/socket-address.ts';

const contains = (block: string, ip: string): boolean | undefined => {
  const address = parseSockAddr(ip, 1);
  return address === null ? undefined : IpBlock.parse(block)?.contains(address);
};

t.test('addresses and ranges of both families', async (t) => {
  for (const [block, ip, inside] of [
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['192.168.1.128/25', '192.168.1.127', false],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/33', 'fd00:0:8000::1', false],
    ['fd00:1:2:3::/64', 'fd00:1:2:3:ffff::1', true],
    ['::1', '::1', true],
    ['::/0', '10.0.0.1', false],
  ] as const)
    t.equal(contains(block, ip), inside, `${block} ${ip}`);
});

t.test('what is none', async (t) => {
  for (const text of ['', 'a', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1'])
    t.equal(IpBlock.parse(text), null, text);
});
