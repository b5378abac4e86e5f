/** `connection.sni` under mutual TLS: the service that the caller has dialled, or what a program's own TLS inside asks for. */
import { connect as connectTls, createServer as createTls } from 'node:tls';
import t from 'tap';
import type { AuthorizationPolicyView } from '../../../../src/contract/authorization-views.ts';
import { Pki } from '../../reactor/tls/support/pki.ts';
import { clause, when } from '../support/door.ts';
import { MeshPair } from '../support/mesh-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: anything\r\n\r\n';
const PATIENT_MS = 20_000;

type Action = AuthorizationPolicyView['action'];

function demand({ callee }: MeshPair, gen: number, action: Action, name: string): void {
  const policy = { policy: 'shop/sni', action, dryRun: false, rules: [when(clause('connection.sni', name))] };
  callee.context.hostPolicies.set({
    version: { epoch: 1, gen, hash: 'x' },
    workloads: [{ namespace: 'shop', name: 'orders-1', authorization: [{ policy: 0 }] }],
    authorizationPolicies: [policy],
  });
}

const CASES: readonly (readonly [action: Action, name: string, status: number])[] = [
  ['ALLOW', 'orders.shop', 200],
  ['ALLOW', 'Orders.Shop.', 200],
  ['ALLOW', '*.shop', 200],
  ['ALLOW', '*', 200],
  ['ALLOW', 'anything', 403],
  ['DENY', 'orders.shop', 403],
  ['DENY', 'anything', 200],
];

t.test('requests: the service that was dialled, whatever the Host says', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { port } = await callee.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  pair.lead({ port });
  await pair.identify();
  const client = await caller.client();
  for (const [i, [action, name, status]] of CASES.entries()) {
    demand(pair, i + 2, action, name);
    client.clear();
    client.send(REQUEST);
    await caller.until(() => /(ok|denied)$/.test(client.text), `an answer under ${action} ${name}`, PATIENT_MS);
    t.match(client.text, `HTTP/1.1 ${status} `, `${action} ${name}`);
  }
  client.socket.destroy();
  await pair.end(t);
  t.equal(callee.closed.at(0)?.record.serverName, 'orders.shop');
});

t.test('bytes, and a program that speaks TLS itself', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const { certificate, key } = new Pki().issue({ names: 'DNS:admin.example' });
  const secure = createTls({ cert: certificate, key }, (socket) => {
    socket.on('error', () => {});
    socket.write('secured');
  });
  const { port } = await callee.serve((socket) =>
    socket.once('data', (data) => {
      if (data[0] !== 0x16) return socket.write(data);
      socket.pause();
      socket.unshift(data);
      return secure.emit('connection', socket);
    }),
  );
  pair.lead({ port });
  await pair.identify();
  const bytes = async (): Promise<string> => {
    const client = await caller.client();
    client.send('ping\n');
    await caller.until(() => client.text !== '' || client.closed, 'an echo', PATIENT_MS);
    client.socket.destroy();
    return client.text;
  };
  const tls = async (servername: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ port: caller.port, host: '127.0.0.1', servername, rejectUnauthorized: false });
      let heard = '';
      socket.on('data', (data) => {
        heard = String(data);
        socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(heard));
    });
  demand(pair, 2, 'DENY', 'orders.shop');
  t.equal(await bytes(), '');
  t.equal(await tls(''), '', 'TLS that asks for no name goes by what was dialled');
  t.equal(await tls('admin.example'), 'secured');
  demand(pair, 3, 'DENY', 'admin.example');
  t.equal(await bytes(), 'ping\n');
  t.equal(await tls('admin.example'), '');
  t.equal(await tls(''), 'secured');
  await pair.end(t);
});
