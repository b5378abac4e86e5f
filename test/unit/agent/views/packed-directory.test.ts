import t from 'tap';
import {
  packDirectory,
  packedDirectory,
  packServices,
  packsService,
  unpackServices,
} from '../../../../src/agent/views/packed-directory.ts';
import type { DirectoryEntry, DirectoryView } from '../../../../src/contract/views.ts';

const ENTRIES: readonly DirectoryEntry[] = [
  { namespace: 'shop', name: 'orders', virtualIps: ['240.240.0.1', 'fd00:240::1'], ports: [80, 443] },
  { namespace: 'shop', name: 'pay', virtualIps: [], ports: [80], hosts: ['pay.example.com', '*.example.net'] },
  { namespace: 'bank', name: 'old', virtualIps: [], ports: [25], addresses: ['192.0.2.0/24'] },
  { namespace: 'bank', name: 'both', virtualIps: [], ports: [], hosts: ['b'], addresses: ['192.0.2.1'] },
  { namespace: 'odd', name: 'a"],\n["shop', virtualIps: [], ports: [] },
];
const VERSION = { epoch: 1, gen: 2, hash: '0123456789abcdef' };

t.test('entries are packed and unpacked as they are', async (t) => {
  t.strictSame(unpackServices([packServices(ENTRIES)]), ENTRIES);
  t.strictSame(unpackServices([packServices(ENTRIES.slice(0, 2)), packServices(ENTRIES.slice(2))]), ENTRIES);
  t.strictSame(unpackServices([packServices([]), packServices(ENTRIES.slice(0, 1))]), ENTRIES.slice(0, 1));
  t.strictSame(unpackServices([]), []);
});

t.test('a service is found by its whole name only', async (t) => {
  const packed = packServices(ENTRIES);
  for (const { namespace, name } of ENTRIES) t.ok(packsService(packed, `${namespace}/${name}`), name);
  for (const key of ['shop/order', 'hop/orders', 'shop/orders2', 'bank/orders', 'shop/', '/orders', 'shop'])
    t.notOk(packsService(packed, key), key);
  t.notOk(packsService('', 'shop/orders'));
});

t.test('a packed directory reads, copies and prints like the one before', async (t) => {
  const view: DirectoryView = {
    version: VERSION,
    parts: 2,
    services: ENTRIES,
    egress: { shop: { mode: 'REGISTRY_ONLY' } },
  };
  const packed = packDirectory(view);
  t.strictSame(packed.services, ENTRIES);
  t.same(JSON.parse(JSON.stringify(packed)), JSON.parse(JSON.stringify(view)));
  t.same(structuredClone(packed), structuredClone(view));
  t.not(packed.services, packed.services, 'nobody keeps what was unpacked');
  t.equal(packDirectory(packed), packed, 'packed once');
  t.strictSame(packedDirectory({ version: VERSION }, [packServices(ENTRIES)]).services, ENTRIES);
});

t.test('an entry takes few bytes', async (t) => {
  const many = Array.from({ length: 1_000 }, (_, i): DirectoryEntry => {
    const virtualIps = [`240.240.${i >> 8}.${i & 255}`, `fd00:240::${i.toString(16)}`];
    return { namespace: 'bench', name: `service-${String(i).padStart(5, '0')}`, virtualIps, ports: [80] };
  });
  t.ok(packServices(many).length / many.length < 70, `${packServices(many).length / many.length} bytes`);
});
