import t from 'tap';
import { assertNever, err, ok } from '../../../src/core/result.ts';

t.test('a result says which of the two it is', (t) => {
  t.same(ok(1), { ok: true, value: 1 });
  t.same(err('no'), { ok: false, error: 'no' });
  t.end();
});

t.test('data that breaks the promise of the types is named', (t) => {
  t.throws(() => assertNever({ type: 'unknown' } as never), /unexpected value: \{"type":"unknown"\}/);
  t.end();
});
