import t from 'tap';
import {
  endpointKey,
  hostIdOf,
  hostOfViewKey,
  hostViewKey,
  isToken,
  parseEndpointKey,
  serviceOfViewKey,
  serviceViewKey,
  subjectsOf,
} from '../../../src/contract/subjects.ts';

t.test('host names become safe tokens', async (t) => {
  for (const [name, id] of [
    ['web-01', 'web-01'],
    ['Web-01.example.COM', 'web-01-example-com'],
    ['--x--', 'x'],
    ['a b>c*', 'a-b-c'],
    ['...', 'host'],
    ['', 'host'],
    [`${'a'.repeat(80)}`, 'a'.repeat(63)],
  ] as const) {
    t.equal(hostIdOf(name), id);
    t.ok(isToken(hostIdOf(name)));
  }
});

t.test('tokens cannot smuggle wildcards or levels', async (t) => {
  for (const text of ['', 'a.b', '*', '>', 'a b', 'A', '-a', 'a-', 'a\n', '_kv', 'é'])
    t.notOk(isToken(text), JSON.stringify(text));
  for (const text of ['a', 'a-b', 'a_b', '0']) t.ok(isToken(text));
  t.throws(() => subjectsOf('a.b'), RangeError);
});

t.test('another mesh has other subjects, buckets and streams', async (t) => {
  const one = subjectsOf('default');
  t.equal(one.bucket('config'), 'towpath_config');
  t.equal(one.control('resource', 'apply'), 'towpath.v1.default.control.resource.apply');
  t.equal(one.agent('h', 'status'), 'towpath.v1.default.agent.h.status');
  t.equal(one.republished('view', 'svc.a.b'), 'towpath.v1.default.view.svc.a.b');
  t.equal(one.fromAgent('group', 'get', 'h'), 'towpath.v1.default.control.group.get.h');
  t.equal(one.log('h'), 'towpath.v1.default.log.h');
  t.equal(one.logStream, 'TOWPATH_LOG');
  t.equal(one.join('id'), 'towpath.v1.default.join.id');
  const two = subjectsOf('two');
  t.equal(two.bucket('config'), 'towpath_config_two');
  t.equal(two.auditStream, 'TOWPATH_AUDIT_TWO');
  t.equal(two.logStream, 'TOWPATH_LOG_TWO');
  t.equal(two.ack('h'), 'towpath.v1.two.ack.h');
});

t.test('view keys and service keys are each other\u2019s inverse', async (t) => {
  t.equal(serviceOfViewKey(serviceViewKey('shop/orders')), 'shop/orders');
  for (const key of ['dir.0', '_meta', 'svc.a', 'svc.a.b.c', 'svc..b']) t.equal(serviceOfViewKey(key), null);
});

t.test('an endpoint key tells host, namespace and workload; names may contain dots', async (t) => {
  t.same(parseEndpointKey(endpointKey('h1', 'shop', 'orders.v1')), {
    ok: true,
    value: { host: 'h1', namespace: 'shop', name: 'orders.v1' },
  });
  for (const key of ['h1', 'h1.shop', 'H.shop.x', 'h1.shop.', '.shop.x', 'h1.shop.x..y', ''])
    t.notOk(parseEndpointKey(key).ok, key);
});

t.test('the view of a host is known by its key', async (t) => {
  t.equal(hostOfViewKey(hostViewKey('shop-1')), 'shop-1');
  for (const key of ['host.', 'host.a.b', 'hosts.a', 'svc.a.b', 'dir.0']) t.equal(hostOfViewKey(key), null, key);
});
