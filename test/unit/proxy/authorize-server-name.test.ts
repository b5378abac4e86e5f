/** `connection.sni`: what TLS clients of programs ask for, judged before anything reaches the program. */
import { connect } from 'node:tls';
import t from 'tap';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { clause, listen, policies, when } from './support/door.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
let connections = 0;
const program = await rig.serve((socket) => {
  connections++;
  socket.on('data', () => socket.end('heard'));
});
listen(rig, program.port);
const DENY = { rules: [when(clause('connection.sni', 'admin.example'))] };

/** What a client of node:tls sends first. */
async function helloFor(servername: string): Promise<Buffer> {
  const silent = await rig.serve(() => {});
  const client = connect({ port: silent.port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  client.on('error', () => {});
  const [socket] = await new Promise<(typeof silent)['sockets']>((resolve) => {
    silent.server.once('connection', () => resolve(silent.sockets));
  });
  const hello = await new Promise<Buffer>((resolve) => socket?.once('data', resolve));
  client.destroy();
  return hello;
}

/** @param step bytes of each piece of the hello @returns whether the program heard it */
async function isServed(hello: Buffer, step = hello.length): Promise<boolean> {
  const client = await rig.client();
  for (let at = 0; at < hello.length; at += step) {
    client.send(hello.subarray(at, at + step));
    if (step < hello.length) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await rig.until(() => client.closed || client.ended, 'the end');
  client.socket.destroy();
  return client.text === 'heard';
}

t.test('a DENY by server name', async (t) => {
  policies(rig, DENY);
  const asked = await helloFor('admin.example');
  for (const name of ['admin.example', 'ADMIN.Example', 'admin.example.'])
    t.equal(await isServed(await helloFor(name)), false, name);
  t.equal(await isServed(asked, 50), false, 'in many pieces');
  t.match(rig.closed.at(-1), { ending: 'refused', record: { flag: 'UAEX', verdict: 'tls', detail: /shop\/p0/ } });
  t.equal(connections, 0, 'the program was not even dialled');
  t.equal(await isServed(await helloFor('public.example')), true);
  t.equal(await isServed(await helloFor('public.example'), 50), true, 'in many pieces');
  t.equal(await isServed(await helloFor('')), true, 'a client that names no server');
});

t.test('on a port that is declared to carry bytes as well', async (t) => {
  policies(rig, DENY);
  const declare = (protocol: 'tcp' | 'tls') =>
    rig.context.table.setInbound([
      { namespace: 'shop', name: 'orders', ports: [{ name: 'p', port: program.port, protocol }] },
    ]);
  for (const protocol of ['tcp', 'tls'] as const) {
    declare(protocol);
    t.equal(await isServed(await helloFor('admin.example')), false, protocol);
    t.equal(await isServed(await helloFor('public.example')), true, protocol);
  }
  declare('tcp');
  t.equal(await isServed(Buffer.from('GET / HTTP/1.1\r\nHost: o\r\n\r\n')), true, 'HTTP is bytes there, too');
  await rig.until(() => rig.closed.at(-1)?.record.verdict === 'opaque', 'its record');
  listen(rig, program.port);
});

t.test('an ALLOW by server name', async (t) => {
  policies(rig, { ...DENY, action: 'ALLOW' });
  t.equal(await isServed(await helloFor('admin.example')), true);
  t.equal(await isServed(await helloFor('public.example')), false);
  t.equal(await isServed(await helloFor('')), false);
});

t.test('a hello that cannot be read is refused where a policy must read it, and nowhere else', async (t) => {
  const hello = await helloFor('admin.example');
  const at = hello.indexOf('admin.example');
  const broken = Buffer.concat([
    hello.subarray(0, at),
    Buffer.from('admin\u0000exampl', 'latin1'),
    hello.subarray(at + 12),
  ]);
  policies(rig, DENY);
  t.equal(await isServed(broken), false);
  t.match(rig.closed.at(-1)?.record.detail, /the ClientHello cannot be read/);
  policies(rig, { rules: [when(clause('destination.port', '1'))] });
  t.equal(await isServed(broken), true, 'no policy asks');
});

t.test('nothing failed inside', async (t) => t.same(rig.errors, []));
