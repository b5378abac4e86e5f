import t from 'tap';
import { many, problemsOf, refuses } from '../refuses.ts';
import { extension, grpcRoute, type Manifest, specOf } from '../world.ts';

t.test('GRPCRoute: every class of refused rule', async (t) => {
  const to = { name: 'b', port: 80 };
  const rules: readonly [Manifest, string, RegExp][] = [
    [{ timeouts: { request: '1s' } }, 'timeouts', /grpc-timeout/],
    [{ retry: {} }, 'retry', /has no retry/],
    [{ filters: [{ type: 'URLRewrite', urlRewrite: {} }] }, 'filters[0].type', /must be one of/],
    [{ filters: [{ type: 'RequestRedirect', requestRedirect: {} }] }, 'filters[0].type', /must be one of/],
    [{ filters: [{ type: 'RequestMirror' }] }, 'filters[0].requestMirror', /required/],
    [
      { backendRefs: [{ ...to, filters: [extension('x')] }] },
      'backendRefs[0].filters[0].type',
      /among the filters of the rule/,
    ],
    [{ backendRefs: [{ name: 'b' }] }, 'backendRefs[0].port', /required for a Service/],
    [{ backendRefs: many(17, () => to) }, 'backendRefs', /at most 16/],
    [{ matches: many(65, () => ({})) }, 'matches', /at most 64/],
  ];
  for (const [rule, path, words] of rules) refuses(t, grpcRoute('r', [rule]), `spec.rules[0].${path}`, words);
  refuses(t, grpcRoute('r', [{ name: 'a' }, { name: 'a' }]), 'spec.rules[1].name', /has this name already/);
  refuses(t, { ...grpcRoute('r', [{}]), apiVersion: 'v1' }, 'apiVersion', /must be one of/);
});

t.test('GRPCRoute: the defaults', async (t) => {
  const rule = { matches: [{ headers: [] }], filters: [], backendRefs: [] };
  t.match(specOf(grpcRoute('r', undefined)), { hostnames: [], rules: [rule] });
  t.match(specOf(grpcRoute('r', [{ matches: [{ method: { service: 'a.B' } }] }])), {
    rules: [{ matches: [{ method: { type: 'Exact', service: 'a.B' }, headers: [] }] }],
  });
  t.same(problemsOf({ ...grpcRoute('r', [{}]), apiVersion: 'gateway.networking.k8s.io/v1alpha2' }), []);
});
