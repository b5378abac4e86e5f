/** What main tells a data thread; its threads as a whole are tested in test/unit/agent/data-threads.test.ts. */
import t from 'tap';
import type { FromDataThread } from '../../../src/contract/data-thread.ts';
import { applyMessage, type MessageTargets } from '../../../src/proxy/apply-message.ts';
import { Callers } from '../../../src/proxy/callers.ts';
import { exampleService, exampleVersion } from '../../helpers/example-views.ts';
import { identitySetOf } from '../../helpers/make-svid.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
const posted: FromDataThread[] = [];
let drains = 0;
const identities: number[] = [];
const targets: MessageTargets = {
  context: rig.context,
  callers: new Callers(rig.context, [], () => rig.context.table),
  waiters: rig.waiters,
  nameWaiters: rig.nameWaiters,
  beginDrain: () => void drains++,
  useIdentity: ({ sequence }) => void identities.push(sequence),
  post: (message) => posted.push(message),
};

t.test('who waits for a view hears of it', async (t) => {
  const heard: boolean[] = [];
  rig.waiters.wait('shop/orders', (arrived) => heard.push(arrived));
  applyMessage(targets, { type: 'service', sequence: 1, service: exampleService('orders', 1) });
  rig.waiters.wait('shop/orders', (arrived) => heard.push(arrived));
  applyMessage(targets, { type: 'service-removed', sequence: 2, key: 'shop/orders' });
  t.same(heard, [true, false]);
});

t.test('the view of the host brings its rate limits; an older one brings nothing', async (t) => {
  const limit = { requests: 1, windowMs: 1_000 };
  const rules = [{ id: 'a@s', service: 's', scope: 'local', by: [], limit } as const];
  const workloads = [{ namespace: 'shop', name: 'orders', limits: [{ port: 80, rules }] }];
  applyMessage(targets, { type: 'host', sequence: 1, view: { version: exampleVersion(5), workloads } });
  t.equal(rig.context.rateLimits.active, true);
  applyMessage(targets, { type: 'host', sequence: 2, view: { version: exampleVersion(4), workloads: [] } });
  t.equal(rig.context.rateLimits.active, true);
  applyMessage(targets, { type: 'host', sequence: 3, view: { version: exampleVersion(6), workloads: [] } });
  t.equal(rig.context.rateLimits.active, false);
});

t.test('draining, and a dump that carries the number of the question', async (t) => {
  applyMessage(targets, { type: 'drain', sequence: 1 });
  t.equal(drains, 1);
  applyMessage(targets, { type: 'dump', sequence: 7 });
  t.match(posted, [{ type: 'dump', sequence: 7, state: { connections: 0 } }]);
});

t.test('certificates go to who answers for them', async (t) => {
  applyMessage(targets, { type: 'identity', sequence: 9, identity: identitySetOf([], []) });
  t.same(identities, [9]);
});
