import t from 'tap';
import { pathOfCall, serviceOf } from '../../../src/resources/path-of-call.ts';

t.test('the path of a gRPC call is /service/method', async (t) => {
  t.same(pathOfCall({ type: 'Exact', service: 'a.B', method: 'C' }), { type: 'Exact', value: '/a.B/C' });
  t.same(pathOfCall({ type: 'Exact', service: 'a.B' }), { type: 'PathPrefix', value: '/a.B' });
  t.same(pathOfCall({ type: 'Exact', method: 'C' }), { type: 'RegularExpression', value: '/[^/]+/(?:C)' });
  t.same(pathOfCall({ type: 'RegularExpression', service: 'a|b', method: 'C' }), {
    type: 'RegularExpression',
    value: '/(?:a|b)/(?:C)',
  });
});

t.test("protobuf's leading dot is no part of the name, unless it is an expression", async (t) => {
  t.equal(serviceOf({ type: 'Exact', service: '.a.B' }), 'a.B');
  t.equal(serviceOf({ type: 'RegularExpression', service: '.a.B' }), '.a.B');
  t.equal(serviceOf(undefined), '');
});
