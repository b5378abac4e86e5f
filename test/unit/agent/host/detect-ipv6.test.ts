import { networkInterfaces } from 'node:os';
import t from 'tap';
import { detectIpv6 } from '../../../../src/agent/host/detect-ipv6.ts';

t.test('the setting decides; left to itself, the host does', async (t) => {
  t.equal(detectIpv6('on'), true);
  t.equal(detectIpv6('off'), false);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  t.equal(
    detectIpv6('auto'),
    addresses.some((address) => address.family === 'IPv6'),
  );
});
