/** Policies on their way from `apply` to the agent of the host that they are for. */
import t from 'tap';
import { ORDERS, operator, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
t.teardown(async () => {
  await control.stop();
  await bus.close();
  await nats.dispose();
});
const send = async (verb: string, text: string): Promise<unknown> =>
  JSON.parse((await bus.request(`towpath.v1.default.control.resource.${verb}`, text, 5_000)).text());
const policy = (action: string): string =>
  `{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: p, namespace: shop}, spec: {action: ${action}, selector: {matchLabels: {app: orders}}, rules: [{}]}}`;

t.test('a policy reaches the host whose workload it is for, changes, and goes', async (t) => {
  await until('control answers', () =>
    send('apply', ORDERS).then(
      () => true,
      () => false,
    ),
  );
  const door = startAgent(nats.url, 'door', [
    workload('orders-1', '10.0.0.1'),
    workload('web-1', '10.0.0.1', { app: 'web' }),
  ]);
  const other = startAgent(nats.url, 'other', [workload('web-2', '10.0.0.2', { app: 'web' })]);
  await until(
    'both are there',
    async () => ((await send('get', '{"kind":"Service","namespace":"shop","name":"orders"}')) as object) !== null,
  );
  await send('apply', policy('DENY'));
  await until('the policy', () => door.own?.authorizationPolicies?.[0]?.action === 'DENY');
  t.match(door.own?.workloads, [{ name: 'orders-1', authorization: [{ policy: 0 }] }]);
  t.equal(door.own?.workloads.length, 1, 'the other workload has none');
  await send('apply', policy('ALLOW'));
  await until('the change', () => door.own?.authorizationPolicies?.[0]?.action === 'ALLOW');
  await send('delete', '{"kind":"AuthorizationPolicy","namespace":"shop","name":"p"}');
  await until('the end', () => door.own?.workloads.length === 0);
  t.equal(other.own, null, 'nothing was ever said to the other host');
  await door.link.stop();
  await other.link.stop();
});
