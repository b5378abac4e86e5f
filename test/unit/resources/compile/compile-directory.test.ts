import t from 'tap';
import { compileDirectory } from '../../../../src/resources/index.ts';
import { indexOf, service } from '../world.ts';

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
