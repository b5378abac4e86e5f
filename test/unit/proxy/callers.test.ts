/** Programs of one host that call under identities of their own: whom they are to the other agent, and that they share no connection. */
import t from 'tap';
import { Callers } from '../../../src/proxy/callers.ts';
import type { Context } from '../../../src/proxy/context.ts';
import { HealthRegistry } from '../../../src/proxy/endpoints/health-registry.ts';
import { RoutingTable } from '../../../src/proxy/routing-table.ts';
import { identitySetOf, makeSvid } from '../../helpers/make-svid.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { MeshPair, ORDERS, root, WEB } from './support/mesh-pair.ts';

const JOBS = 'spiffe://example.org/ns/bank/sa/jobs';
const jobs = { namespace: 'bank', account: 'jobs' };

function callersOf(context: Context): Callers {
  return new Callers(context, [jobs, jobs], (outbound) => {
    return new RoutingTable(outbound, new HealthRegistry(context.reactor, () => {}), '');
  });
}

t.test('each account has its table and its endpoints; all others share the first', async (t) => {
  const rig = new ProxyRig();
  const callers = callersOf(rig.context);
  const own = callers.contextOf(jobs);
  t.not(own.table, rig.context.table);
  t.not(own.outbound, rig.context.outbound);
  t.equal(own.inbound, rig.context.inbound);
  t.equal(callers.contextOf(undefined), rig.context);
  t.equal(callers.contextOf({ namespace: 'bank', account: 'other' }), rig.context);
  t.same(callers.tables(), [rig.context.table, own.table]);
  t.same(callers.stores(), [rig.context.outbound, own.outbound]);
  const ports = [{ name: 'p', port: 80, protocol: 'auto' as const }];
  callers.setInbound([
    { namespace: 'shop', name: 'a', ports },
    { namespace: 'bank', name: 'b', ports: [] },
  ]);
  t.equal(rig.context.table.home, 'shop');
  t.equal(own.table.home, 'bank', 'short names mean those of its own namespace');
  await rig.end();
});

t.test('the other agent sees the account of the program, and no connection is shared', async (t) => {
  const pair = new MeshPair();
  const { port } = await pair.callee.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  pair.lead({ port });
  const { caller, callee } = pair;
  const callers = callersOf(caller.context);
  const set = identitySetOf([root], [await makeSvid(root, WEB), await makeSvid(root, JOBS)]);
  caller.identity(set);
  callee.identity(identitySetOf([root], [await makeSvid(root, ORDERS)]));
  callers.setIdentities(set);
  const view = caller.context.table.view('shop/orders');
  if (view === null) throw new Error('no view');
  for (const table of callers.tables()) {
    table.setDirectory([{ namespace: 'shop', name: 'orders', virtualIps: view.virtualIps, ports: [80] }]);
    table.setService({ ...view, version: { ...view.version, gen: 9 } });
  }
  const ask = async (): Promise<void> => {
    const client = await caller.client();
    client.send('GET / HTTP/1.1\r\nHost: orders\r\n\r\n');
    await caller.until(() => client.text.endsWith('ok') || client.closed, 'the answer');
    client.socket.destroy();
  };
  await ask();
  caller.serving = callers.contextOf(jobs);
  await ask();
  await ask();
  // Without a certificate of its own it is nobody.
  const less = identitySetOf([root], [await makeSvid(root, WEB)]);
  caller.identity(less);
  callers.setIdentities(less);
  const client = await caller.client();
  client.send('GET / HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n');
  await caller.until(() => client.text !== '', 'the refusal');
  t.match(client.text, /503 [\s\S]*no valid certificate for spiffe:\/\/example\.org\/ns\/bank\/sa\/jobs/);
  t.match(client.text, /^HTTP/, 'although a connection of before was left in the pool');
  await pair.end(t);
  const peers = callee.closed.map(({ record }) => record.peerPrincipal);
  t.same(peers.sort(), ['example.org/ns/bank/sa/jobs', 'example.org/ns/shop/sa/web'], 'one connection each');
});
