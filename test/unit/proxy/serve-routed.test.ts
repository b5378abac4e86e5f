/** Connections that are routed as a whole, from a client's first byte to its last. */
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import type { L4ActionView } from '../../../src/contract/route-views.ts';
import type { ServicePortView, ServiceView } from '../../../src/contract/views.ts';
import { ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const ACTION = (...backends: L4ActionView['backends'][number][]): L4ActionView => ({
  route: 'shop/split',
  rule: '0',
  backends,
});

async function end(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same({ errors, internal, chunks }, { errors: [], internal: 0, chunks: 0 });
}

/** Servers that say who they are as soon as a client has spoken. */
async function servers(rig: ProxyRig, ...names: readonly string[]): Promise<number[]> {
  const ports: number[] = [];
  for (const name of names) {
    const { port } = await rig.serve((socket) => {
      socket.once('data', () => socket.write(name));
      socket.on('end', () => socket.end());
    });
    ports.push(port);
  }
  return ports;
}

/** Clusters `a` and `b`, and a port that is routed. */
function view(ports: readonly number[], port: Partial<ServicePortView>, gen = 1): ServiceView {
  const base = serviceView([ports[0] ?? 0], port);
  const cluster = base.clusters['shop/orders:80'];
  if (cluster === undefined) throw new Error('no cluster');
  const clusters = Object.fromEntries(
    ['a', 'b'].map((key, i) => [
      key,
      { ...cluster, endpoints: [{ ip: '127.0.0.1', port: ports[i] ?? 0, weight: 1, workload: `shop/${key}` }] },
    ]),
  );
  return { ...base, version: { ...base.version, gen }, clusters: { ...base.clusters, ...clusters } };
}

async function hear(rig: ProxyRig, send = 'hello'): Promise<string> {
  const client = await rig.client();
  client.send(send);
  await rig.until(() => client.text !== '' || client.error !== null || client.closed, 'an answer');
  const heard = client.error === null ? client.text : 'reset';
  client.socket.destroy();
  return heard;
}

for (const protocol of ['auto', 'tcp', 'http1'] as const) {
  t.test(
    `connections are split by weight where the port's protocol is ${protocol}, and a share that leads nowhere is reset`,
    async (t) => {
      const rig = new ProxyRig();
      const ports = await servers(rig, 'a', 'b');
      let turn = 0;
      const draws = [0.05, 0.45, 0.55, 0.65, 0.75, 0.95];
      Object.assign(rig.context, { random: () => draws[turn++ % draws.length] ?? 0 });
      const tcp = ACTION({ cluster: 'a', weight: 5 }, { cluster: 'b', weight: 2 }, { cluster: null, weight: 3 });
      rig.service(view(ports, { protocol, tcp }));
      const heard: string[] = [];
      for (const _ of draws) heard.push(await hear(rig, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
      t.same(heard, ['a', 'a', 'b', 'b', 'reset', 'reset']);
      await rig.until(() => rig.closed.length === draws.length, 'all records');
      t.same(
        rig.closed
          .map(({ record, ending }) => `${ending} ${record.route} ${record.flag}`)
          .filter((text) => text.includes('refused')),
        Array.from({ length: 2 }, () => 'refused shop/split/0 NC'),
      );
      t.ok(
        rig.closed.every(({ record }) => record.verdict === 'opaque' || record.flag === 'NC'),
        'never served as requests',
      );
      const count = (backend: string, flags: string) =>
        rig.count('towpath_routed_connections_total', { backend, flags });
      t.same([count('a', ''), count('b', ''), count('', 'NC')], [2, 2, 2]);
      await end(t, rig);
    },
  );
}

t.test('a new split counts for new connections, and those of before live on', async (t) => {
  const rig = new ProxyRig();
  const ports = await servers(rig, 'a', 'b');
  rig.service(view(ports, { tcp: ACTION({ cluster: 'a', weight: 1 }, { cluster: 'b', weight: 0 }) }));
  const old = await rig.client();
  old.send('hello');
  await rig.until(() => old.text === 'a', 'the first answer');
  rig.context.table.setService(
    view(ports, { tcp: ACTION({ cluster: 'a', weight: 0 }, { cluster: 'b', weight: 1 }) }, 2),
  );
  t.equal(await hear(rig), 'b');
  t.equal(old.error, null);
  old.socket.end();
  await rig.until(() => old.ended, 'the FIN of the old one');
  await end(t, rig);
});

t.test('an action whose backends have no weight resets every connection', async (t) => {
  const rig = new ProxyRig();
  const ports = await servers(rig, 'a', 'b');
  rig.service(view(ports, { tcp: ACTION({ cluster: 'a', weight: 0 }) }));
  t.equal(await hear(rig), 'reset');
  t.match(rig.closed[0]?.record, { flag: 'NC', detail: 'rule 0 of route shop/split gives no backend any weight' });
  await end(t, rig);
});

/** The ClientHello of a real client, as its server would get it. */
function dialTls(rig: ProxyRig, servername: string): ReturnType<typeof connectTls> {
  const socket = connectTls({ host: '127.0.0.1', port: rig.port, servername, rejectUnauthorized: false });
  socket.on('error', () => {});
  rig.onEnd(() => socket.destroy());
  return socket;
}

t.test('TLS goes by the server name, byte for byte; other names, and what is no TLS, are refused', async (t) => {
  const rig = new ProxyRig();
  const hellos: Buffer[][] = [[], []];
  const ports: number[] = [];
  for (const list of hellos) {
    const { port } = await rig.serve((socket) => socket.on('data', (bytes) => list.push(Buffer.from(bytes))));
    ports.push(port);
  }
  const to = (cluster: string) => ACTION({ cluster, weight: 1 });
  rig.service(
    view(ports, {
      tls: [
        { hostname: 'a.example.com', action: to('a') },
        { hostname: '*.example.com', action: to('b') },
      ],
    }),
  );
  dialTls(rig, 'a.example.com');
  await rig.until(() => hellos[0]?.length === 1, 'the hello at a');
  t.match(hellos[0]?.[0]?.toString('latin1'), /a\.example\.com/);
  dialTls(rig, 'B.Example.com');
  await rig.until(() => hellos[1]?.length === 1, 'the hello at b');
  const other = dialTls(rig, 'example.org');
  await rig.until(() => other.destroyed, 'the refusal of another name');
  t.equal(await hear(rig, 'GET / HTTP/1.1\r\n\r\n'), 'reset');
  t.same(
    rig.closed.map(({ record, ending }) => `${ending} ${record.verdict} ${record.flag}`),
    ['refused tls NR', 'refused opaque NR'],
  );
  t.equal(rig.closed[0]?.record.detail, 'no TLSRoute of shop/orders matches: the client asks for example.org');
  t.equal(rig.count('towpath_routed_connections_total', { flags: 'NR' }), 2);
  t.equal(rig.count('towpath_routed_connections_total', { flags: '' }), 2);
  await end(t, rig);
});
