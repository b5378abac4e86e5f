/** What the parts of rate limits do together is seen in limit-request.test.ts; here what no connection shows. */
import t from 'tap';
import type { FromDataThread } from '../../../../src/contract/data-thread.ts';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import { MessageHead } from '../../../../src/proxy/codec/message-head.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
const none = new Int32Array(0);
const head = new MessageHead(none, none, none, none);

function rule(id: string, more: Partial<LimitRuleView> = {}): LimitRuleView {
  return {
    id,
    service: 's',
    scope: 'global',
    by: [{ type: 'caller' }],
    limit: { requests: 1, windowMs: 1_000 },
    ...more,
  };
}

function view(...rules: LimitRuleView[]): void {
  rig.posted.length = 0;
  rig.context.rateLimits.set({
    version: exampleVersion(1),
    workloads: [{ namespace: 'shop', name: 'orders', limits: [{ port: 80, rules }] }],
  });
}

function ask(ip: string, peerPrincipal: string | null = null) {
  return rig.context.rateLimits.check(80, { client: address(ip, 1), peerPrincipal, head, bytes: Buffer.alloc(0) });
}

const needs = (): number => rig.posted.filter(({ type }: FromDataThread) => type === 'quota-need').length;

t.test('callers that one rule names are all that it counts', async (t) => {
  view(rule('a@s', { scope: 'local', by: [], callers: ['shop/web'], limit: { requests: 0, windowMs: 1_000 } }));
  t.equal(ask('10.0.0.1'), null);
  t.match(ask('10.0.0.1', 'td/ns/shop/sa/web'), { type: 'refused', refusal: { caller: 'td/ns/shop/sa/web' } });
});

t.test('main is asked once for a caller, and not while it has no room', async (t) => {
  view(rule('b@s', { onOutage: 'deny' }));
  for (let i = 0; i < 10; i++) t.equal(ask('10.0.0.1')?.type, 'held');
  t.equal(needs(), 1);
  const limit = { requests: 1, windowMs: 1_000 };
  const told = { type: 'quota-slot', sequence: 1, rule: 'b@s', key: 'address:10.0.0.1', caller: 'x', limit } as const;
  rig.context.rateLimits.heard({ ...told, slot: -1 });
  for (let i = 0; i < 10; i++) t.match(ask(`10.0.1.${i}`), { type: 'refused', refusal: { isOutage: true } });
  t.equal(needs(), 1);
});

t.test('a bucket that is forgotten is asked for anew; buckets outlive views that keep their rule', async (t) => {
  view(rule('c@s'));
  const limit = { requests: 1, windowMs: 1_000 };
  const told = { type: 'quota-slot', sequence: 1, rule: 'c@s', key: 'address:10.0.0.1', caller: 'x', limit } as const;
  rig.context.rateLimits.heard({ ...told, slot: 9 });
  view(rule('c@s'), rule('d@s', { scope: 'local' }));
  ask('10.0.0.1');
  t.equal(needs(), 0);
  rig.context.rateLimits.heard({ ...told, slot: null });
  ask('10.0.0.1');
  t.equal(needs(), 1);
  rig.context.rateLimits.set({ version: exampleVersion(1), workloads: [] });
  t.equal(rig.context.rateLimits.active, false);
});
