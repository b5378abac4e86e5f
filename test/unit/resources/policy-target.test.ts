import t from 'tap';
import { conditionsOf } from '../../../src/resources/index.ts';
import { indexOf, type Manifest, parent, route, routeTarget, service, trafficPolicy } from './world.ts';

const PORTS = [
  { name: 'http', port: 80 },
  { name: 'admin', port: 81 },
];
const about = (ref: Manifest, ...others: Manifest[][]): string[] => {
  const index = indexOf(
    service('orders', { ports: PORTS }),
    route('r', [{ name: 'main' }, {}]),
    ...others.map((refs, i) => trafficPolicy(`other-${i}`, refs, {})),
    trafficPolicy('p', [ref], {}),
  );
  return conditionsOf(index, 'BackendTrafficPolicy.shop.p').map(
    (c) => `${c.parent} ${c.status} ${c.reason}: ${c.message}`,
  );
};

t.test('each target of a policy says what became of it', async (t) => {
  const cases: readonly (readonly [string, Manifest, Manifest[][], RegExp])[] = [
    ['a Service', parent('orders'), [], /^shop\/orders True Accepted: the policy is in force$/],
    ['a port', parent('orders', { sectionName: 'http' }), [], /^shop\/orders:http True Accepted/],
    ['a route', routeTarget('r'), [], /^HTTPRoute shop\/r True Accepted/],
    ['a rule', routeTarget('r', 'main'), [], /^HTTPRoute shop\/r rule main True Accepted/],
    ['no Service', parent('x'), [], /^shop\/x False TargetNotFound: the Service shop\/x does not exist$/],
    ['no port', parent('orders', { sectionName: 'x' }), [], /False TargetNotFound: .* has no port named x$/],
    ['no route', routeTarget('x'), [], /False TargetNotFound: the HTTPRoute shop\/x does not exist$/],
    ['no rule', routeTarget('r', 'x'), [], /False TargetNotFound: .* has no rule named x$/],
    ['an older policy', parent('orders'), [[parent('orders')]], /False Conflicted: BackendTrafficPolicy shop\/other-0/],
    ['an older policy for a route', routeTarget('r'), [[routeTarget('r')]], /False Conflicted: .*other-0/],
    ['an older one for another port', parent('orders'), [[parent('orders', { sectionName: 'http' })]], /True Accepted/],
    [
      'older ones for every port',
      parent('orders'),
      [[parent('orders', { sectionName: 'http' })], [parent('orders', { sectionName: 'admin' })]],
      /False Conflicted: .*other-0/,
    ],
    ['a less specific older one', routeTarget('r', 'main'), [[routeTarget('r')]], /True Accepted/],
    ['a more specific one leaves other rules', routeTarget('r'), [[routeTarget('r', 'main')]], /True Accepted/],
  ];
  for (const [name, ref, others, expected] of cases) {
    const [told = ''] = about(ref, ...others);
    t.match(told, expected, name);
  }
});
