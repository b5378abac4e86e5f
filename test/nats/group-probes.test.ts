/** The probe of a WorkloadGroup reaches the agents that have workloads in it, and every change of it does. */
import t from 'tap';
import type { GroupProbeTable } from '../../src/agent/probes/group-probe.ts';
import { operator, startAgent, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const bus = await operator(nats.url);
t.teardown(async () => {
  await bus.close();
  await nats.dispose();
});

const group = (probe: string): string =>
  `{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: orders, namespace: shop}, spec: {template: {}${probe}}}`;
const apply = (text: string) => bus.request('towpath.v1.default.control.resource.apply', text, 5_000);

t.test('asked at the start, at each change, and while control is away', async (t) => {
  const agent = startAgent(nats.url, 'member');
  t.teardown(() => agent.link.stop());
  let told: GroupProbeTable = new Map();
  agent.link.followGroups(['shop/orders', 'shop/none'], (probes) => {
    told = probes;
  });
  await until('no control: no probe', () => told.get('shop/orders') === null);

  const control = await startControl(nats.url);
  t.teardown(() => control.stop());
  await until('control answers', () =>
    apply(group(', probe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 2}')).then(
      (reply) => reply.header('Nats-Service-Error-Code') === '',
      () => false,
    ),
  );
  await until('the probe', () => told.get('shop/orders')?.check.type === 'http');
  t.match(told.get('shop/orders'), { check: { path: '/healthz', port: 8080 }, periodSeconds: 2, failureThreshold: 3 });
  t.equal(told.get('shop/none'), null);

  await apply(group(', probe: {tcpSocket: {port: 8081}}'));
  await until('the change', () => told.get('shop/orders')?.check.type === 'tcp');
  await apply(group(''));
  await until('no probe any more', () => told.get('shop/orders') === null);
});
