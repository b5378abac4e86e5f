import t, { type Test } from 'tap';
import type { SessionPersistenceView } from '../../../src/contract/route-views.ts';
import type { ServiceView } from '../../../src/contract/views.ts';
import { ask as askHttp2, connectHttp2, serveHttp2 } from '../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';
import { ask, balancedView, startServers } from './support/numbered-servers.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

const COOKIE: SessionPersistenceView = { type: 'Cookie', name: 'sid' };

/** One rule over two clusters with those weights, `a` of the first `split` ports, `b` of the rest. */
function splitView(
  ports: readonly number[],
  split: number,
  weights: readonly [number, number],
  session: SessionPersistenceView,
  gen = 1,
): ServiceView {
  const view = serviceView([], {}, { version: { epoch: 1, gen, hash: String(gen) } });
  const cluster = (mine: readonly number[]): ServiceView['clusters'][string] =>
    Object.values(serviceView(mine).clusters)[0];
  const backend = (key: string, weight: number) => ({ cluster: key, weight, requestHeaders: null });
  const action = {
    route: 'shop/r',
    rule: '0',
    backends: [backend('shop/a:80', weights[0]), backend('shop/b:80', weights[1])],
    requestHeaders: null,
    requestTimeoutMs: null,
    sessionPersistence: session,
  };
  const entry = { path: null, method: null, headers: [], query: [], action: 0 };
  return {
    ...view,
    ports: [{ ...view.ports[0], http: { entries: [entry], actions: [action] } }],
    clusters: {
      ...view.clusters,
      'shop/a:80': cluster(ports.slice(0, split)),
      'shop/b:80': cluster(ports.slice(split)),
    },
  };
}

const setCookie = (head: string): string | null => /set-cookie: (sid=[^;]*)/i.exec(head)?.[1] ?? null;

t.test('a client with the cookie of its first answer comes back to the same endpoint', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 4);
  const ports = servers.map(({ port }) => port);
  rig.service(balancedView(ports, { sessionPersistence: COOKIE }));
  const client = await rig.client();
  const homes = new Map<string, string>();
  for (let i = 0; i < 8; i++) {
    const { head, body } = await ask(rig, client);
    const cookie = setCookie(head);
    if (cookie === null) throw new Error('no cookie');
    homes.set(cookie, body);
  }
  t.equal(homes.size, 4, 'one token for each endpoint');
  for (const [cookie, home] of homes) {
    for (let i = 0; i < 3; i++) {
      const { head, body } = await ask(rig, client, `Cookie: a=b; ${cookie}\r\n`);
      t.equal(body, home);
      t.equal(setCookie(head), null, 'told once');
    }
  }
  const [gone] = [...homes.values()].map(Number);
  const [lost] = homes.keys();
  rig.service(
    balancedView(
      ports.filter((_, i) => i !== gone),
      { sessionPersistence: COOKIE },
      2,
    ),
  );
  const { head, body } = await ask(rig, client, `Cookie: ${lost}\r\n`);
  t.not(body, String(gone));
  t.equal(homes.get(setCookie(head) ?? ''), body, 'a new session at another endpoint');
  await check(t, rig);
});

t.test('a session outlives its weight, also at 0', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 4);
  const ports = servers.map(({ port }) => port);
  rig.service(splitView(ports, 2, [1, 0], COOKIE));
  const client = await rig.client();
  const first = await ask(rig, client);
  t.ok(Number(first.body) < 2);
  rig.service(splitView(ports, 2, [0, 1], COOKIE, 2));
  for (let i = 0; i < 10; i++)
    t.equal((await ask(rig, client, `Cookie: ${setCookie(first.head)}\r\n`)).body, first.body);
  for (let i = 0; i < 10; i++) t.ok(Number((await ask(rig, client)).body) >= 2, 'others go by weight');
  await check(t, rig);
});

t.test('an endpoint that takes no connection is left for another, and the client told', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 2);
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { sessionPersistence: COOKIE },
    ),
  );
  const client = await rig.client();
  const first = await ask(rig, client);
  await servers[Number(first.body)].stop();
  const next = await ask(rig, client, `Cookie: ${setCookie(first.head)}\r\n`);
  t.equal(next.status, 200);
  t.not(next.body, first.body);
  t.ok(setCookie(next.head));
  t.not(setCookie(next.head), setCookie(first.head));
  await check(t, rig);
});

t.test('by header', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 3);
  const sessionPersistence: SessionPersistenceView = { type: 'Header', name: 'X-Session' };
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { sessionPersistence },
    ),
  );
  const client = await rig.client();
  const first = await ask(rig, client);
  const token = /x-session: (\S+)/.exec(first.head)?.[1];
  for (let i = 0; i < 6; i++) t.equal((await ask(rig, client, `x-session: ${token}\r\n`)).body, first.body);
  await check(t, rig);
});

t.test('over HTTP/2, where cookies may come in pieces', async (t) => {
  const rig = new ProxyRig();
  const servers = await Promise.all(
    ['0', '1', '2'].map((body) =>
      serveHttp2(rig, (stream) => {
        stream.respond({ 'set-cookie': 'own=1' });
        stream.end(body);
      }),
    ),
  );
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { sessionPersistence: COOKIE },
    ),
  );
  const session = await connectHttp2(rig);
  const first = await askHttp2(session, { ':path': '/' });
  const cookies = [first.headers['set-cookie']].flat().map(String);
  t.equal(cookies.length, 2, 'beside that of the server');
  const ours = cookies.find((cookie) => cookie.startsWith('sid='))?.split(';')[0];
  for (let i = 0; i < 6; i++) {
    const { body, headers } = await askHttp2(session, { ':path': '/', cookie: ['a=b', String(ours)] });
    t.equal(body, first.body);
    t.same(headers['set-cookie'], ['own=1']);
  }
  await check(t, rig);
});

t.test('clients without the cookie that hashing goes by get one', async (t) => {
  const rig = new ProxyRig();
  const servers = await startServers(rig, 4);
  const hash = { type: 'Cookie', name: 'sid', ttlMs: 60_000 } as const;
  rig.service(
    balancedView(
      servers.map(({ port }) => port),
      { loadBalancer: 'ConsistentHash', hash },
    ),
  );
  const client = await rig.client();
  const first = await ask(rig, client);
  t.match(first.head, /set-cookie: sid=[0-9a-f]{16}; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax\r\n/);
  for (let i = 0; i < 6; i++) {
    const next = await ask(rig, client, `Cookie: ${setCookie(first.head)}\r\n`);
    t.equal(next.body, first.body);
    t.equal(setCookie(next.head), null);
  }
  await check(t, rig);
});
