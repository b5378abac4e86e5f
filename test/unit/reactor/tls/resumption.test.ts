/** Sessions taken up again: by us, and by others with us; and where they must not be. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { SessionCache } from '../../../../src/reactor/tls/session-cache.ts';
import { send } from '../support/world.ts';
import { freePort, openssl } from './support/peers.ts';
import { Pki } from './support/pki.ts';
import { type End, issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);

/** One connection that ends well, after a byte from the server: by then its ticket has arrived. */
async function visit(rig: Rig, port: number, target: ReturnType<typeof targetOf>, greet: () => void): Promise<End> {
  const client = rig.dial(port, target);
  await rig.settle(client);
  greet();
  await rig.until(() => client.heard.bytes > 0);
  rig.world.reactor.close(client.socket);
  return client;
}

for (const version of ['-tls1_2', '-tls1_3']) {
  t.test(`our client resumes with openssl s_server ${version}, which says so itself`, async (t) => {
    const rig = new Rig();
    const port = await freePort();
    const server = openssl(
      's_server',
      '-accept',
      `127.0.0.1:${port}`,
      '-cert',
      orders.certificateFile,
      '-key',
      orders.keyFile,
      version,
    );
    await rig.until(() => server.output.includes('ACCEPT'));
    const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
    const greet = (): void => void server.child.stdin.write('hello\n');
    t.equal((await visit(rig, port, target, greet)).socket.tls?.resumed, false);
    t.notMatch(server.output, 'Reused session-id');
    for (const nth of [2, 3])
      t.equal((await visit(rig, port, target, greet)).socket.tls?.resumed, true, `connection ${nth}`);
    await rig.until(
      () => server.output.split(/Reused, TLS|Reused session/).length >= 3 || server.output.includes('Reused'),
    );
    const stranger = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
    t.equal(
      (await visit(rig, port, stranger, greet)).socket.tls?.resumed,
      false,
      'another context knows nothing of it',
    );
    server.child.kill();
    rig.destroy();
  });

  t.test(`openssl s_client ${version} resumes with our server, also after its context was swapped`, async (t) => {
    const rig = new Rig();
    const ticketKeys = randomBytes(80);
    let current = rig.serverContext(orders, { ticketKeys });
    const choice = {
      get initial() {
        return current;
      },
      choose: () => current,
    };
    const { address, ends } = rig.accept(choice);
    const file = join(pki.folder, `session${version}`);
    const connect = async (...more: string[]): Promise<string> => {
      const count = ends.length;
      const client = openssl(
        's_client',
        '-connect',
        `127.0.0.1:${address.port}`,
        '-servername',
        'orders.example',
        version,
        '-ign_eof',
        ...more,
      );
      await rig.until(() => ends[count]?.socket.tls?.established === true);
      send(rig.world, ends[count].socket, 'hello');
      await rig.until(() => client.output.includes('hello'));
      rig.world.reactor.close(ends[count].socket);
      await rig.until(() => client.exited);
      return `${/\n(New|Reused), /.exec(client.output)?.[1]} ${ends[count].socket.tls?.resumed}`;
    };
    t.equal(await connect('-sess_out', file), 'New false');
    t.equal(await connect('-sess_in', file), 'Reused true');
    current.close();
    current = rig.serverContext(orders, { ticketKeys });
    t.equal(await connect('-sess_in', file), 'Reused true', 'the ticket keys are the same');
    current = rig.serverContext(orders, { ticketKeys: randomBytes(80) });
    t.equal(await connect('-sess_in', file), 'New false', 'other ticket keys');
    const other = new Pki('Other authority');
    current = rig.serverContext(orders, {
      ticketKeys,
      clients: { trusted: other.ca.certificate, required: false, announced: true },
    });
    t.equal(
      await connect('-sess_in', file),
      'New false',
      'other authorities are trusted: who it was must be proven again',
    );
    rig.destroy();
  });
}

t.test('a session does not outlive the certificate that was verified', async (t) => {
  const rig = new Rig();
  const soon = new Date(Date.now() + 4_000).toISOString().replace(/[-:T]|\.\d+/g, '');
  const shortLived = pki.issue({ names: 'DNS:orders.example', notAfter: soon });
  const { address, ends } = rig.accept(rig.serverContext(shortLived));
  const context = rig.clientContext(pki.ca.certificate);
  const target = targetOf(context, 'orders.example');
  const greet = (): void => void send(rig.world, ends[ends.length - 1].socket, 'hello');
  const settled = async (): Promise<End> => {
    const count = ends.length;
    const client = rig.dial(address.port, target);
    await rig.settle(client);
    if (client.heard.events[0] !== 'connect') return client;
    await rig.until(() => ends[count]?.socket.tls?.established === true);
    greet();
    await rig.until(() => client.heard.bytes > 0);
    rig.world.reactor.close(client.socket);
    return client;
  };
  t.equal((await settled()).socket.tls?.resumed, false);
  t.equal((await settled()).socket.tls?.resumed, true);
  const until = Date.now() + 5_000;
  await rig.until(() => Date.now() > until);
  const late = await settled();
  t.match(late.socket.reason, 'has expired');
  t.equal(context.sessions.size, 0);
  rig.destroy();
});

t.test('sessions are kept for a bounded number of peers, the latest ones', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const context = rig.clientContext(pki.ca.certificate);
  const { library } = rig.world.reactor.tls;
  const client = rig.dial(address.port, targetOf(context, 'orders.example'));
  await rig.settle(client, ends[0] ?? client);
  await rig.until(() => ends[0]?.socket.tls?.established === true);
  send(rig.world, ends[0].socket, 'hello');
  await rig.until(() => client.heard.bytes > 0);
  const ssl = library.natives.at(client.socket.slot);
  const cache = new SessionCache(library);
  const before = library.natives.count;
  for (let i = 0; i < 1_000; i++) t.equal(cache.store(`peer ${i}`, ssl, Number.POSITIVE_INFINITY), true);
  t.equal(cache.size, 256);
  t.equal(library.natives.count, before + 256);
  for (let i = 0; i < 1_000; i++) cache.store('one peer', ssl, Number.POSITIVE_INFINITY);
  t.equal(cache.size, 256);
  cache.clear();
  t.equal(library.natives.count, before);
  t.equal(cache.store('too late', ssl, Number.POSITIVE_INFINITY), true);
  t.equal(cache.size, 0, 'a cleared cache takes nothing more');
  rig.destroy();
});
