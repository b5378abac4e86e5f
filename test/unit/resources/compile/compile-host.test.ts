import t from 'tap';
import { compileHost } from '../../../../src/resources/compile/compile-host.ts';
import { ResourceIndex } from '../../../../src/resources/index.ts';

t.test('workloads of which nothing is said are not in the view', async (t) => {
  const workload = { host: 'h', namespace: 'shop', name: 'orders', labels: {}, address: '10.0.0.1', ports: {} };
  t.same(compileHost(new ResourceIndex(), [{ ...workload, weight: 1, healthy: true }]), { workloads: [] });
});
