import t from 'tap';
import { directoryViewSchema } from '../../../../src/contract/view-schema.ts';
import { compileDirectory } from '../../../../src/resources/index.ts';
import { indexOf, service, serviceEntry } from '../world.ts';

t.test('the directory lists every Service with its addresses and ports', async (t) => {
  const index = indexOf(
    service('b', { clusterIPs: ['240.240.0.1'] }),
    service('a', {
      clusterIPs: ['240.240.0.2', 'fd00:240::2'],
      ports: [
        { name: 'y', port: 90 },
        { name: 'x', port: 80 },
      ],
    }),
    service('thief', { clusterIPs: ['240.240.0.1'] }),
  );
  t.same(compileDirectory(index), [
    { namespace: 'shop', name: 'a', virtualIps: ['240.240.0.2', 'fd00:240::2'], ports: [80, 90] },
    { namespace: 'shop', name: 'b', virtualIps: ['240.240.0.1'], ports: [80] },
    { namespace: 'shop', name: 'thief', virtualIps: [], ports: [80] },
  ]);
});

t.test('the largest ServiceEntry that is admitted fits into a directory that agents take', async (t) => {
  const ips = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
  const largest = serviceEntry('largest', {
    hosts: Array.from({ length: 256 }, (_, i) => `h${i}.example`),
    addresses: [...ips(16, '240.240.7.'), ...ips(240, '10.9.9.')],
    ports: Array.from({ length: 100 }, (_, i) => ({ number: i + 1, name: `p${i}`, protocol: 'TCP' })),
  });
  const version = { epoch: 1, gen: 1, hash: '0123456789abcdef' };
  const services = compileDirectory(indexOf(largest));
  t.equal(services[0]?.virtualIps.length, 16);
  t.ok(directoryViewSchema.safeParse({ version, services }).success);
});
