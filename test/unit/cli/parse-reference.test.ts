import t from 'tap';
import { referenceOf } from '../../../src/cli/parse-reference.ts';

t.test('KIND NAME and KIND/NAME', async (t) => {
  for (const words of [['svc', 'orders'], ['service/orders']]) {
    t.same(referenceOf('get', words, 'shop'), { kind: 'Service', namespace: 'shop', name: 'orders' });
  }
});

t.test('anything else is a usage error', async (t) => {
  for (const words of [[], ['svc'], ['svc/'], ['svc/a', 'b'], ['svc', 'a/b']]) {
    t.throws(() => referenceOf('get', words, 'shop'), { exitCode: 2, message: /KIND NAME/ }, words.join(' '));
  }
  t.throws(() => referenceOf('get', ['servise', 'a'], 'shop'), { exitCode: 2, message: /did you mean service/ });
});
