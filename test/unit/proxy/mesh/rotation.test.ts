/** Certificates and roots change while two agents carry traffic: nothing fails, no connection is dropped, and new ones use what is new. */
import t from 'tap';
import { identitySetOf, makeRoot, makeSvid, type TestAuthority } from '../../../helpers/make-svid.ts';
import { MeshPair, ORDERS, root, WEB } from '../support/mesh-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n';
const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: orders\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

t.test('the root is rotated with overlap, under requests, bytes and a tunnel', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { port } = await callee.serve((socket) =>
    socket.on('data', (data) => {
      const text = data.toString();
      if (text.startsWith('GET /chat')) socket.write(SWITCHED);
      else socket.write(text.startsWith('GET') ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' : text);
    }),
  );
  pair.lead({ port });
  const hold = async (trusted: readonly TestAuthority[], issuer: TestAuthority): Promise<void> => {
    caller.identity(identitySetOf([...trusted], [await makeSvid(issuer, WEB)]));
    callee.identity(identitySetOf([...trusted], [await makeSvid(issuer, ORDERS)]));
  };
  await hold([root], root);
  const [requests, bytes, tunnel] = await Promise.all([caller.client(), caller.client(), caller.client()]);
  tunnel.send(UPGRADE);
  await caller.until(() => tunnel.text.endsWith('\r\n\r\n'), 'the tunnel');
  let said = 0;
  const allGoOn = async (): Promise<void> => {
    said++;
    requests.send(REQUEST);
    bytes.send(`<${said}>\n`);
    tunnel.send(`[${said}]`);
    await caller.until(() => requests.text.split('ok').length === said + 1, `answer ${said}`);
    await caller.until(() => bytes.text.endsWith(`<${said}>\n`) && tunnel.text.endsWith(`[${said}]`), `echo ${said}`);
  };
  await allGoOn();
  const handshakes = (): number => callee.count('towpath_tls_handshakes_total', { side: 'server', resumed: 'false' });
  t.equal(handshakes(), 3, 'each has a connection of its own');
  const second = await makeRoot();
  const phases: (readonly [TestAuthority[], TestAuthority])[] = [
    [[root], root],
    [[root, second], root],
    [[root, second], second],
    [[second], second],
  ];
  for (const [i, [trusted, issuer]] of phases.entries()) {
    await hold(trusted, issuer);
    await allGoOn();
    const fresh = await caller.client();
    fresh.send('new\n');
    await caller.until(() => fresh.text === 'new\n', 'an answer on a new connection');
    t.equal(handshakes(), 4 + i, 'new connections are made with what is new');
    fresh.socket.destroy();
  }
  t.equal(caller.count('towpath_tls_failures_total') + callee.count('towpath_tls_failures_total'), 0);
  t.equal(
    [requests, bytes, tunnel].some(({ closed }) => closed),
    false,
    'those of before live on',
  );
  for (const { socket } of [requests, bytes, tunnel]) socket.destroy();
  await pair.end(t);
});
