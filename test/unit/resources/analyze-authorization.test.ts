import t from 'tap';
import { analyzeResources, conditionsOf } from '../../../src/resources/index.ts';
import {
  authorizationPolicy,
  endpoint,
  endpointsOf,
  indexOf,
  type Manifest,
  requestAuthentication,
  service,
} from './world.ts';

const ALL = [{}];
const codes = (world: readonly Manifest[], endpoints = endpointsOf(endpoint('w'))) =>
  analyzeResources(indexOf(...world), endpoints)
    .filter(({ path }) => !path?.startsWith('Service '))
    .map(({ code, path }) => `${code} ${path}`);

t.test('policies that are for nobody', async (t) => {
  const selected = authorizationPolicy('p', { selector: { matchLabels: { app: 'none' } }, rules: ALL });
  t.same(codes([selected]), ['TWP0127 AuthorizationPolicy shop/p: spec.selector']);
  t.same(analyzeResources(indexOf(selected), null), [], 'registered workloads are not known');
  t.same(codes([authorizationPolicy('p', { selector: { matchLabels: { app: 'orders' } }, rules: ALL })]), []);
  t.same(codes([authorizationPolicy('p', { rules: ALL })], endpointsOf()), [], 'a namespace may be empty');
  const root = { namespace: 'istio-system' };
  t.same(codes([authorizationPolicy('p', { selector: { matchLabels: { app: 'orders' } }, rules: ALL }, root)]), []);
});

t.test('targets that are not there, and conditions', async (t) => {
  const target = (name: string) => ({ targetRefs: [{ kind: 'Service', name }], rules: ALL });
  t.same(codes([authorizationPolicy('p', target('none'))]), ['TWP0101 AuthorizationPolicy shop/p: spec.targetRefs[0]']);
  const index = indexOf(
    service('orders'),
    authorizationPolicy('p', target('orders')),
    authorizationPolicy('q', target('none')),
  );
  t.match(conditionsOf(index, 'AuthorizationPolicy.shop.p'), [{ status: 'True', parent: 'shop/orders' }]);
  t.match(conditionsOf(index, 'AuthorizationPolicy.shop.q'), [{ status: 'False', reason: 'TargetNotFound' }]);
  t.same(codes([service('orders'), authorizationPolicy('p', target('orders'))]), []);
});

t.test('principals of nobody', async (t) => {
  const rules = [{ from: [{ source: { principals: ['mesh/ns/a/sa/b', 'shop', 'a/*'] } }] }];
  t.same(codes([authorizationPolicy('p', { rules })]), [
    'TWP1131 AuthorizationPolicy shop/p: spec.rules[0].from[0].source.principals[1]',
  ]);
});

t.test('tokens that nobody checks', async (t) => {
  const principal = authorizationPolicy('p', { rules: [{ from: [{ source: { requestPrincipals: ['*'] } }] }] });
  const claim = authorizationPolicy('p', { rules: [{ when: [{ key: 'request.auth.claims[a]', values: ['b'] }] }] });
  const rules = [{ issuer: 'https://id.example' }];
  t.same(codes([principal]), ['TWP1132 AuthorizationPolicy shop/p: spec.rules[0].from[0].source.requestPrincipals']);
  t.same(codes([claim]), ['TWP1132 AuthorizationPolicy shop/p: spec.rules[0].when[0].key']);
  t.same(codes([principal, requestAuthentication('r', rules)]), []);
  const other = { selector: { matchLabels: { app: 'other' } } };
  const workloads = endpointsOf(endpoint('w'), endpoint('x', { labels: { app: 'other' } }));
  t.same(codes([principal, requestAuthentication('r', rules, other)], workloads).length, 1, 'not of all of them');
});

t.test('a DENY by HTTP alone denies whatever is not HTTP', async (t) => {
  const deny = (rule: unknown) => authorizationPolicy('p', { action: 'DENY', rules: [rule] });
  t.same(codes([deny({ to: [{ operation: { methods: ['GET'] } }] })]), [
    'TWP1133 AuthorizationPolicy shop/p: spec.rules[0]',
  ]);
  t.same(codes([deny({ to: [{ operation: { methods: ['GET'], ports: ['80'] } }] })]), []);
  t.same(codes([deny({})]), []);
});
