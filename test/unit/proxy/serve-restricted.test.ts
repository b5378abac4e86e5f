/** Programs that may reach services only, and what opens the way out nevertheless. */
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import type { DirectoryEntry } from '../../../src/contract/views.ts';
import { outsideSentence } from '../../../src/proxy/outside-sentence.ts';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const REGISTRY_ONLY = { shop: { mode: 'REGISTRY_ONLY' } } as const;

async function end(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same({ errors, internal, chunks }, { errors: [], internal: 0, chunks: 0 });
}

/** A host with a program of `namespace`; every client dials a server outside, which ServiceEntries name as given. */
async function world(namespace: string, hosts: readonly string[] = [], ports?: readonly number[]) {
  const rig = new ProxyRig();
  const heard: Buffer[] = [];
  const { port } = await rig.serve((socket) => {
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      heard.push(Buffer.from(bytes));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const entry: DirectoryEntry = { namespace: 'shop', name: 'out', virtualIps: [], ports: ports ?? [port], hosts };
  rig.context.table.setInbound([{ namespace, name: 'web', ports: [] }]);
  rig.context.table.setDirectory(hosts.length === 0 ? [] : [entry], REGISTRY_ONLY);
  rig.destination = address('127.0.0.1', port);
  return { rig, heard, port };
}

async function request(rig: ProxyRig, host: string): Promise<string> {
  const client = await rig.client();
  client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await rig.until(() => client.text !== '' || client.closed, 'an answer');
  client.socket.destroy();
  return client.text;
}

t.test('requests to what is no service get 502 and a sentence, and the server hears nothing', async (t) => {
  const { rig, heard } = await world('shop');
  const text = await request(rig, 'api.vendor.com');
  t.match(text, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
  t.match(text, /x-towpath-error: UH/);
  t.ok(text.includes(outsideSentence('api.vendor.com')), text);
  t.equal(heard.length, 0);
  t.equal(rig.count('towpath_egress_refused_total', { protocol: 'http' }), 1);
  t.equal(rig.count('towpath_requests_total', { code: '502', flags: 'UH' }), 1);
  await end(t, rig);
});

t.test('bytes, TLS and silence are reset with the reason in the record', async (t) => {
  const { rig, heard } = await world('shop', ['other.vendor.com']);
  const bytes = await rig.client();
  bytes.send('SSH-2.0-x\r\n');
  const silent = await rig.client();
  const tls = connectTls({ host: '127.0.0.1', port: rig.port, servername: 'api.vendor.com' });
  tls.on('error', () => {});
  rig.onEnd(() => tls.destroy());
  await rig.until(() => rig.closed.length === 3, 'three records');
  await rig.until(() => bytes.error !== null && silent.error !== null, 'both resets');
  t.same(rig.closed.map(({ record, ending }) => `${ending} ${record.verdict} ${record.flag}`).sort(), [
    'refused opaque UH',
    'refused opaque UH',
    'refused tls UH',
  ]);
  t.match(
    rig.closed.find(({ record }) => record.verdict === 'tls')?.record.detail,
    /the client asks for api\.vendor\.com$/,
  );
  t.equal(rig.count('towpath_egress_refused_total', {}), 3);
  t.equal(heard.length, 0);
  await end(t, rig);
});

const HOSTS: readonly (readonly [asked: string, hosts: readonly string[], isAllowed: boolean])[] = [
  ['api.vendor.com', ['api.vendor.com'], true],
  ['API.Vendor.com:1234', ['api.vendor.com'], true],
  ['a.b.vendor.com', ['*.vendor.com'], true],
  ['vendor.com', ['*.vendor.com'], false],
  ['evil-vendor.com', ['*.vendor.com'], false],
  ['api.vendor.com.evil.org', ['*.vendor.com', 'api.vendor.com'], false],
  ['out.shop', ['*.vendor.com'], false],
];

for (const [asked, hosts, isAllowed] of HOSTS) {
  t.test(`a request for ${asked} where ${hosts} is registered is ${isAllowed ? 'allowed' : 'refused'}`, async (t) => {
    const { rig } = await world('shop', hosts);
    t.match(await request(rig, asked), isAllowed ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 502 /);
    if (isAllowed) t.equal(rig.count('towpath_requests_total', { service: 'shop/out', code: '200' }), 1);
    await end(t, rig);
  });
}

t.test('each request of a connection is judged by its own host', async (t) => {
  const { rig, heard } = await world('shop', ['api.vendor.com']);
  const client = await rig.client();
  client.send('GET /1 HTTP/1.1\r\nHost: api.vendor.com\r\n\r\n');
  await rig.until(() => client.text.includes('ok'), 'the first answer');
  client.send('GET /2 HTTP/1.1\r\nHost: api.example.org\r\n\r\n');
  await rig.until(() => client.text.includes('502'), 'the second answer');
  t.notMatch(Buffer.concat(heard).toString(), /\/2/);
  client.socket.destroy();
  await end(t, rig);
});

t.test('a port that the ServiceEntry does not have stays closed', async (t) => {
  const { rig } = await world('shop', ['api.vendor.com'], [1]);
  t.match(await request(rig, 'api.vendor.com'), /^HTTP\/1\.1 502 /);
  await end(t, rig);
});

t.test('TLS for a registered host goes to its original destination, byte for byte', async (t) => {
  const { rig, heard } = await world('shop', ['*.vendor.com']);
  const tls = connectTls({ host: '127.0.0.1', port: rig.port, servername: 'api.vendor.com' });
  tls.on('error', () => {});
  rig.onEnd(() => tls.destroy());
  await rig.until(() => heard.length > 0, 'the hello');
  t.match(Buffer.concat(heard).toString('latin1'), /api\.vendor\.com/);
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.match(rig.closed[0]?.record, { service: 'shop/out', verdict: 'tls' });
  await end(t, rig);
});

t.test(
  'programs of another namespace, and inbound connections, are not restricted; a new directory counts at once',
  async (t) => {
    const { rig } = await world('bank');
    t.match(await request(rig, 'api.vendor.com'), /^HTTP\/1\.1 200 /);
    rig.context.table.setDirectory([], { bank: { mode: 'REGISTRY_ONLY' } });
    t.match(await request(rig, 'api.vendor.com'), /^HTTP\/1\.1 502 /);
    rig.side = 'inbound';
    t.match(await request(rig, 'api.vendor.com'), /^HTTP\/1\.1 200 /);
    rig.side = 'outbound';
    rig.context.table.setDirectory([], { bank: { mode: 'ALLOW_ANY' } });
    t.match(await request(rig, 'api.vendor.com'), /^HTTP\/1\.1 200 /);
    await end(t, rig);
  },
);

t.test('services are reached as ever: by virtual address, and by an address of their own', async (t) => {
  const { rig, port } = await world('shop');
  const view = serviceView([port]);
  const entry = {
    namespace: 'shop',
    name: 'orders',
    virtualIps: ['240.0.0.1'],
    ports: [80],
    addresses: ['127.9.0.0/16'],
  };
  rig.context.table.setDirectory([entry], REGISTRY_ONLY);
  rig.context.table.setService(view);
  rig.destination = address('240.0.0.1', 80);
  t.match(await request(rig, 'x'), /^HTTP\/1\.1 200 /);
  rig.destination = address('127.9.1.2', 80);
  t.match(await request(rig, 'x'), /^HTTP\/1\.1 200 /);
  rig.destination = address('127.9.1.2', 81);
  t.match(await request(rig, 'x'), /^HTTP\/1\.1 502 /, 'another port of that address is none of it');
  t.equal(rig.count('towpath_requests_total', { service: 'shop/orders' }), 2);
  await end(t, rig);
});
