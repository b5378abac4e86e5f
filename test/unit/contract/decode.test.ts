import t from 'tap';
import { decodeDirectoryView, decodeJson, decodeServiceView, MAX_VIEW_BYTES } from '../../../src/contract/decode.ts';
import { ackSchema, endpointSchema, leaseSchema, metaSchema } from '../../../src/contract/messages.ts';
import type { ServiceView } from '../../../src/contract/views.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const version = { epoch: 1, gen: 2, hash: '0123456789abcdef' };
const view: ServiceView = {
  version,
  namespace: 'shop',
  name: 'orders',
  virtualIps: ['240.240.0.1', 'fd00:240::1'],
  ports: [
    {
      name: 'http',
      port: 80,
      protocol: 'http1',
      cluster: 'shop/orders:80',
      http: {
        entries: [
          {
            path: { type: 'PathPrefix', value: '/' },
            method: 'GET',
            headers: [{ name: 'x', value: 'y' }],
            query: [],
            action: 0,
          },
        ],
        actions: [
          {
            route: 'shop/orders',
            rule: '0',
            backends: [{ cluster: 'shop/orders:80', weight: 1, requestHeaders: { set: [], add: [], remove: ['x'] } }],
            requestHeaders: null,
            requestTimeoutMs: 1000,
          },
        ],
      },
    },
  ],
  clusters: {
    'shop/orders:80': {
      service: 'shop/orders',
      port: 80,
      protocol: 'http1',
      loadBalancer: 'RoundRobin',
      endpoints: [{ ip: '10.0.0.1', port: 8080, weight: 1, workload: 'shop/orders-1' }],
    },
  },
};

/** The view with one part replaced, found by its path. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy: unknown = structuredClone(view);
  let at = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = value;
  return copy;
}

t.test('a whole view comes through unchanged', async (t) => {
  t.same(decodeServiceView(bytes(view), 'shop/orders'), { ok: true, value: view });
});

t.test('fields of a newer control are dropped', async (t) => {
  t.same(decodeServiceView(bytes({ ...view, colour: 'red' }), 'shop/orders'), { ok: true, value: view });
});

t.test('anything malformed is refused with one sentence', async (t) => {
  const cluster = ['clusters', 'shop/orders:80'] as const;
  for (const [what, value] of [
    ['not JSON', '{'],
    ['not UTF-8', null],
    ['another service', { ...view, name: 'other' }],
    ['no version', { ...view, version: undefined }],
    ['a fractional gen', changed(['version', 'gen'], 1.5)],
    ['a huge gen', changed(['version', 'gen'], 1e300)],
    ['a hash that is none', changed(['version', 'hash'], 'x')],
    ['a host name as address', changed([...cluster, 'endpoints', 0, 'ip'], 'localhost')],
    ['port 0', changed([...cluster, 'endpoints', 0, 'port'], 0)],
    ['weight 0', changed([...cluster, 'endpoints', 0, 'weight'], 0)],
    ['an unknown balancer', changed([...cluster, 'loadBalancer'], 'Magic')],
    ['a cluster that is not there', changed(['ports', 0, 'cluster'], 'a/b:1')],
    ['a backend that is not there', changed(['ports', 0, 'http', 'actions', 0, 'backends', 0, 'cluster'], 'a/b:1')],
    ['a cluster named like a member of every object', changed(['ports', 0, 'cluster'], 'toString')],
    ['an action that is not there', changed(['ports', 0, 'http', 'entries', 0, 'action'], 1)],
    ['a list', []],
  ] as const) {
    const data = what === 'not UTF-8' ? new Uint8Array([0x22, 0xff, 0x22]) : bytes(value);
    const decoded = decodeServiceView(data, 'shop/orders');
    t.notOk(decoded.ok, what);
    if (!decoded.ok) t.match(decoded.error, /\S/);
  }
});

t.test('size is checked before anything is parsed', async (t) => {
  t.match(decodeDirectoryView(new Uint8Array(MAX_VIEW_BYTES + 1)), {
    ok: false,
    error: /1048577 bytes, more than the limit/,
  });
});

t.test('records of agents are checked field by field', async (t) => {
  const limit = 1_000;
  const ack = { epoch: 1, gen: 2, result: 'ACK', errors: [] };
  t.ok(decodeJson(bytes(ack), ackSchema, limit).ok);
  t.notOk(decodeJson(bytes({ ...ack, result: 'YES' }), ackSchema, limit).ok);
  t.notOk(decodeJson(bytes({ ...ack, gen: -1 }), ackSchema, limit).ok);
  const endpoint = { labels: { app: 'x' }, address: 'fd00::1', ports: { http: 80 }, weight: 1, healthy: true };
  t.ok(decodeJson(bytes(endpoint), endpointSchema, limit).ok);
  t.notOk(decodeJson(bytes({ ...endpoint, address: '300.1.1.1' }), endpointSchema, limit).ok);
  t.notOk(decodeJson(bytes({ ...endpoint, ports: { http: 70_000 } }), endpointSchema, limit).ok);
  t.notOk(decodeJson(bytes({ ...endpoint, weight: 0 }), endpointSchema, limit).ok);
  t.ok(decodeJson(bytes({ version: '1', boot: 'b', ack: null, workloads: null }), leaseSchema, limit).ok);
  t.notOk(decodeJson(bytes({ version: '1' }), leaseSchema, limit).ok);
  t.ok(decodeJson(bytes({ epoch: 1, gen: 2, previousGen: 1, keys: { 'dir.0': 2 } }), metaSchema, limit).ok);
  t.notOk(decodeJson(bytes({ epoch: 1, gen: 2, previousGen: 1, keys: { 'dir.0': 'two' } }), metaSchema, limit).ok);
});

t.test('TLS of a cluster: kept as it is, absent where it was, refused where it cannot be', async (t) => {
  const at = ['clusters', 'shop/orders:80', 'tls'];
  const tls = { serverName: 'a.example', hosts: ['a.example'], uris: [], trusted: { type: 'certificates', pem: 'x' } };
  const decoded = decodeServiceView(bytes(changed(at, tls)), 'shop/orders');
  t.same(decoded.ok && decoded.value.clusters['shop/orders:80']?.tls, tls);
  const plain = decodeServiceView(bytes(view), 'shop/orders');
  t.notOk(plain.ok && 'tls' in (plain.value.clusters['shop/orders:80'] ?? {}));
  for (const trusted of [
    null,
    {},
    { type: 'all' },
    { type: 'certificates' },
    { type: 'certificates', pem: 'x'.repeat(65_537) },
  ]) {
    t.equal(decodeServiceView(bytes(changed(at, { ...tls, trusted })), 'shop/orders').ok, false);
  }
});
