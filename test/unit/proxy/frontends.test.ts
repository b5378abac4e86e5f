import t from 'tap';
import type { DirectoryEntry } from '../../../src/contract/views.ts';
import { Frontends } from '../../../src/proxy/frontends.ts';
import { address } from '../../helpers/proxy-rig.ts';

const entry = (name: string, more: Partial<DirectoryEntry>): DirectoryEntry => ({
  namespace: 'shop',
  name,
  virtualIps: [],
  ports: [443],
  ...more,
});

const ALL = new Frontends([
  entry('web', { virtualIps: ['240.240.0.7', 'fd00:240::7'], ports: [80] }),
  entry('wide', { addresses: ['203.0.0.0/8', '2001:db8::/32'] }),
  entry('narrow', { addresses: ['203.0.113.0/24', '2001:db8:0:1::/64', '2001:db8::5/127'] }),
  entry('one', { addresses: ['203.0.113.9', '2001:db8:0:1::9'] }),
  entry('database', { addresses: ['203.0.113.0/24'], ports: [5432, 5433] }),
  entry('late', { addresses: ['203.0.113.9'] }),
  entry('half', { addresses: ['128.0.0.0/1'], ports: [7] }),
  entry('everything', { addresses: ['0.0.0.0/0', '::/0'], ports: [9] }),
]);

const CASES: readonly (readonly [ip: string, port: number, service: string | null])[] = [
  ['240.240.0.7', 80, 'web'],
  ['240.240.0.7', 81, 'web'],
  ['fd00:240::7', 80, 'web'],
  ['240.240.0.8', 80, null],
  ['203.1.2.3', 443, 'wide'],
  ['203.0.113.1', 443, 'narrow'],
  ['203.0.113.255', 443, 'narrow'],
  ['203.0.114.0', 443, 'wide'],
  ['203.0.113.9', 443, 'one'],
  ['203.0.113.9', 5432, 'database'],
  ['203.0.113.1', 5433, 'database'],
  ['203.0.113.9', 80, null],
  ['204.0.0.1', 443, null],
  ['2001:db8:ffff::1', 443, 'wide'],
  ['2001:db8:0:1::1', 443, 'narrow'],
  ['2001:db8:0:1::9', 443, 'one'],
  ['2001:db8::4', 443, 'narrow'],
  ['2001:db8::5', 443, 'narrow'],
  ['2001:db8::6', 443, 'wide'],
  ['2001:db9::1', 443, null],
  ['200.0.0.1', 7, 'half'],
  ['127.255.255.255', 7, null],
  ['1.2.3.4', 9, 'everything'],
  ['255.255.255.255', 9, 'everything'],
  ['fe80::1', 9, 'everything'],
];

for (const [ip, port, service] of CASES) {
  t.test(`${ip} port ${port} is ${service ?? 'no service'}`, async (t) => {
    t.equal(ALL.find(address(ip, port)), service === null ? null : `shop/${service}`);
  });
}

t.test('without any entry nothing is a service', async (t) => {
  t.equal(new Frontends([]).find(address('203.0.113.9', 443)), null);
});
