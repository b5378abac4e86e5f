import t from 'tap';
import { METHOD_LABELS, methodOf, OTHER_METHOD } from '../../../src/proxy/request-method.ts';

function label(method: string): string {
  const bytes = Buffer.from(`xx${method} /`, 'latin1');
  return METHOD_LABELS[methodOf(bytes, { methodAt: 2, methodLength: method.length } as Parameters<typeof methodOf>[1])];
}

t.test('registered methods are themselves, all others are one', async (t) => {
  for (const method of METHOD_LABELS.slice(OTHER_METHOD + 1)) t.equal(label(method), method);
  for (const method of ['get', 'GE', 'GEX', 'PUSH', 'CONNECTS', 'PROPFIND', 'OPTIONX', ''])
    t.equal(label(method), '_OTHER');
});
