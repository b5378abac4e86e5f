import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type DnsServer, openDns } from '../../../../src/agent/dns/dns-server.ts';
import { FrameReader, frame } from '../../../../src/agent/dns/frames.ts';
import type { OriginalResolvers } from '../../../../src/agent/dns/original-resolver.ts';
import { ResolverFile } from '../../../../src/agent/dns/resolver-file.ts';
import type { DirectoryView } from '../../../../src/contract/views.ts';
import { UserError } from '../../../../src/core/errors.ts';
import { freePorts } from '../../../helpers/free-ports.ts';
import { ask, respond, tell } from './support/message.ts';

function directory(gen: number, ...names: readonly string[]): DirectoryView {
  const services = names.map((name, i) => ({
    namespace: 'shop',
    name,
    virtualIps: [`240.240.0.${i + 1}`, `fd00:240::${i + 1}`],
    ports: [80],
    hosts: [`${name}.vendor.com`],
  }));
  return { version: { epoch: 1, gen, hash: String(gen) }, services };
}

interface World {
  readonly dns: DnsServer;
  readonly port: number;
  show(view: DirectoryView): void;
}

/** `upstream`: the port of the resolver that every query was meant for; null: nobody knows, and resolv.conf names nobody who answers. */
async function world(t: Test, upstream: number | null, more: Partial<OriginalResolvers> = {}): Promise<World> {
  const [port = 0] = await freePorts(1);
  let view = directory(1, 'orders');
  const originals: OriginalResolvers = {
    available: upstream !== null,
    find: () => (upstream === null ? null : { address: '127.0.0.1', port: upstream }),
    close: () => {},
    ...more,
  };
  const file = new ResolverFile([join(t.testdir({ resolv: 'nameserver 127.0.0.1\n' }), 'resolv'), '/nonexistent']);
  const dns = await openDns({ port, ipv6: true, namespaces: ['shop'] }, () => view, originals, file);
  t.teardown(() => dns.close());
  return { dns, port, show: (next) => (view = next) };
}

async function overUdp(port: number, message: Buffer, host = '127.0.0.1'): Promise<Buffer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.send(message, port, host);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return answer;
}

/** Sends everything at once, and ends its side; the answers until the other side ends. */
async function overTcp(port: number, messages: readonly Buffer[], host = '127.0.0.1'): Promise<Buffer[]> {
  const socket = connect({ port, host, allowHalfOpen: true });
  const reader = new FrameReader();
  const answers: Buffer[] = [];
  socket.on('data', (bytes) => answers.push(...reader.push(Buffer.from(bytes))));
  socket.end(Buffer.concat(messages.map(frame)));
  await once(socket, 'close');
  return answers;
}

/** A resolver that knows one address, over both transports. @returns its port */
async function resolver(t: Test, ip: string): Promise<number> {
  const [port = 0] = await freePorts(1);
  const udp = createSocket('udp4');
  udp.on('message', (message, client) => udp.send(respond(message, ip), client.port, client.address));
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const tcp = createServer((socket) => {
    const reader = new FrameReader();
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const answers = Buffer.concat(reader.push(Buffer.from(bytes)).map((message) => frame(respond(message, ip))));
      // In two pieces, so that somebody else's answer could come between them.
      socket.write(answers.subarray(0, 5));
      setTimeout(() => socket.write(answers.subarray(5)), 20);
    });
  });
  tcp.listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  t.teardown(() => {
    udp.close();
    tcp.close();
  });
  return (tcp.address() as AddressInfo).port;
}

const count = (dns: DnsServer, transport: string, fate: string): number =>
  dns.counts().find((one) => one.transport === transport && one.fate === fate)?.count ?? 0;

t.test('names of the mesh are answered, over UDP and TCP, IPv4 and IPv6, all others by their resolver', async (t) => {
  const { dns, port } = await world(t, await resolver(t, '192.0.2.9'));
  for (const host of ['127.0.0.1', '::1']) {
    t.same(tell(await overUdp(port, ask('orders.shop'), host)).addresses, ['240.240.0.1']);
    t.same(tell(await overUdp(port, ask('example.org', { id: 9 }), host)), {
      ...tell(respond(ask('example.org', { id: 9 }), '192.0.2.9')),
    });
    const answers = await overTcp(
      port,
      [ask('example.org', { id: 1 }), ask('orders.shop', { id: 2 }), ask('example.com', { id: 3 })],
      host,
    );
    t.same(
      answers
        .map(tell)
        .map(({ id, addresses }) => [id, addresses[0]])
        .sort(),
      [
        [1, '192.0.2.9'],
        [2, '240.240.0.1'],
        [3, '192.0.2.9'],
      ],
    );
  }
  t.same(
    [
      count(dns, 'udp', 'service'),
      count(dns, 'udp', 'forwarded'),
      count(dns, 'tcp', 'service'),
      count(dns, 'tcp', 'forwarded'),
    ],
    [2, 2, 2, 4],
  );
});

const NAMES: readonly (readonly [name: string, isService: boolean])[] = [
  ['orders.shop', true],
  ['ORDERS.shop', true],
  ['orders.shop.mesh', true],
  ['orders.shop.svc', true],
  ['orders.shop.svc.cluster.local', true],
  ['orders', true],
  ['orders.vendor.com', true],
  ['orders.bank', false],
  ['orders.shop.corp.example', false],
  ['shop', false],
];

for (const [name, isService] of NAMES) {
  t.test(`"${name}" ${isService ? 'is' : 'is not'} a name of the mesh`, async (t) => {
    const { port } = await world(t, await resolver(t, '192.0.2.9'));
    t.same(tell(await overUdp(port, ask(name))).addresses, [isService ? '240.240.0.1' : '192.0.2.9']);
  });
}

t.test('a new directory counts from the next query', async (t) => {
  const { port, show } = await world(t, await resolver(t, '192.0.2.9'));
  t.same(tell(await overUdp(port, ask('users.shop'))).addresses, ['192.0.2.9']);
  show(directory(2, 'orders', 'users'));
  t.same(tell(await overUdp(port, ask('users.shop'))).addresses, ['240.240.0.2']);
  show(directory(3));
  t.same(tell(await overUdp(port, ask('orders.shop'))).addresses, ['192.0.2.9']);
});

t.test(
  'without a resolver that answers the client is told so (SERVFAIL), and over TCP it is disconnected',
  async (t) => {
    const [closed = 0] = await freePorts(1);
    const { dns, port } = await world(t, closed);
    t.match(tell(await overUdp(port, ask('example.org', { id: 5 }))), { id: 5, code: 2, question: 'example.org' });
    t.equal(count(dns, 'udp', 'failed'), 1);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write(frame(ask('example.org')));
    await once(socket, 'close');
  },
);

t.test(
  'a query that was meant for ourselves goes to the nameservers of this host, never round in circles',
  async (t) => {
    let asked = 0;
    const { port } = await world(t, null, {
      find: (_transport, _client, local) => {
        asked++;
        return local;
      },
    });
    // 127.0.0.1:53, where in a test nobody listens, or a resolver of this machine answers: either way one answer comes.
    t.equal(tell(await overUdp(port, ask('example.invalid'))).question, 'example.invalid');
    t.equal(asked, 1, 'and it did not come back to us');
  },
);

t.test('garbage costs nothing: it is dropped or told malformed, and the next query is served', async (t) => {
  const { dns, port } = await world(t, null);
  const socket = createSocket('udp4');
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(2000, 0xff)])
    socket.send(bytes, port, '127.0.0.1');
  socket.send(ask('orders.shop').subarray(0, 15), port, '127.0.0.1');
  const [told] = (await once(socket, 'message')) as [Buffer];
  t.equal(tell(told).code, 1);
  socket.close();
  const stray = connect({ port, host: '127.0.0.1' });
  stray.on('error', () => {});
  stray.end(Buffer.from([0, 3, 1, 2, 3]));
  await once(stray, 'close');
  t.same(tell(await overUdp(port, ask('orders.shop'))).addresses, ['240.240.0.1']);
  t.equal(count(dns, 'udp', 'malformed'), 1);
  t.ok(count(dns, 'udp', 'ignored') >= 2);
});

t.test('closing ends the connections too; the port is free again', async (t) => {
  const { dns, port } = await world(t, await resolver(t, '192.0.2.9'));
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  await sleep(10);
  await dns.close();
  await once(socket, 'close');
  const again = await openDns({ port, ipv6: true, namespaces: [] }, () => null, {
    available: true,
    find: () => null,
    close: () => {},
  });
  await again.close();
});

t.test('a taken port is named with its setting, and nothing stays open', async (t) => {
  const { port } = await world(t, null);
  const second = openDns({ port, ipv6: true, namespaces: [] }, () => null, {
    available: true,
    find: () => null,
    close: () => {},
  });
  const error: unknown = await second.then(
    () => null,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof UserError);
  t.match(error, { problems: [{ path: 'dns.port', message: `port ${port} is already in use by another program` }] });
});
