import t from 'tap';
import { decodeHostView } from '../../../src/contract/decode.ts';
import { exampleVersion } from '../../helpers/example-views.ts';

const decode = (value: unknown) => decodeHostView(Buffer.from(JSON.stringify(value)));

t.test('a view of a host, whatever a newer control adds to it', async (t) => {
  const view = { version: exampleVersion(1), workloads: [{ namespace: 'shop', name: 'orders' }] };
  t.strictSame(decode(view), { ok: true, value: view });
  t.strictSame(decode({ ...view, later: 1 }), { ok: true, value: view });
});

t.test('anything else is refused with its place', async (t) => {
  const workloads = [{ namespace: 'shop' }];
  t.match(decode({ version: exampleVersion(1), workloads }), { ok: false, error: /workloads\[0\]\.name/ });
  t.match(decode({ workloads: [] }), { ok: false, error: /version/ });
  const many = Array.from({ length: 501 }, (_, i) => ({ namespace: 'shop', name: `w${i}` }));
  t.match(decode({ version: exampleVersion(1), workloads: many }), { ok: false, error: /at most 500/ });
});
