import t from 'tap';
import type { RouteActionView, WeightedBackendView } from '../../../../src/contract/views.ts';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { compileDelivery, USUAL_DELIVERY } from '../../../../src/proxy/exchange/delivery-rules.ts';
import { ruled } from '../support/http2-rig.ts';

const shadow = new Cluster(
  'shop/shadow:80',
  { service: 'shop/shadow', protocol: 'auto', loadBalancer: 'RoundRobin' },
  [],
);
const clusters = new Map([['shop/shadow:80', shadow]]);

function compile(action: Partial<RouteActionView>, backend: Partial<WeightedBackendView> = {}) {
  const view = ruled(action).actions[0];
  return compileDelivery(view, { ...view.backends[0], ...backend }, clusters);
}

t.test('a rule that says nothing costs nothing', (t) => {
  t.equal(compile({}), USUAL_DELIVERY);
  t.equal(compile({ requestTimeoutMs: 5 }), USUAL_DELIVERY);
  t.notOk(USUAL_DELIVERY.needsExchange);
  t.end();
});

t.test('whatever may hold or repeat a request needs the general exchange', (t) => {
  t.match(compile({ perTryTimeoutMs: 70 }), { needsExchange: true, perTryMs: 70, retry: { isAsked: false } });
  t.match(compile({ retry: { attempts: 3, codes: [500] } }), { needsExchange: true, retry: { attempts: 3 } });
  const fault = { delay: { ms: 5, percentage: 1 } };
  t.match(compile({ fault }), { needsExchange: true, fault });
  t.end();
});

t.test('mirrors of the rule and of the backend; those that do not resolve are left out', (t) => {
  const to = (cluster: string | null, numerator: number, denominator = 100) => ({ cluster, numerator, denominator });
  const mirrors = [to('shop/shadow:80', 25), to(null, 100), to('shop/gone:80', 100)];
  const rules = compile({ mirrors }, { mirrors: [to('shop/shadow:80', 1, 3), to('shop/shadow:80', 1, 0)] });
  t.same(
    rules.mirrors.map(({ cluster, share }) => [cluster.key, share]),
    [
      ['shop/shadow:80', 0.25],
      ['shop/shadow:80', 1 / 3],
    ],
  );
  t.ok(rules.needsExchange);
  t.equal(compile({ mirrors: [to(null, 100)] }), USUAL_DELIVERY);
  t.end();
});
