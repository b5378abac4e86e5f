import t from 'tap';
import type { SessionPersistenceView } from '../../../../src/contract/route-views.ts';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { type Held, SessionTable, sessionsOf } from '../../../../src/proxy/endpoints/session-table.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';
import { endpoints } from './support/seeded.ts';

function make(key: string, sessionPersistence?: SessionPersistenceView): Cluster {
  const members = endpoints(3).map((endpoint) => ({ endpoint, weight: 1 }));
  return new Cluster(
    key,
    { service: key, protocol: 'http1', loadBalancer: 'Random', ...(sessionPersistence && { sessionPersistence }) },
    members,
  );
}

const COOKIE: SessionPersistenceView = { type: 'Cookie', name: 'sid' };
const HEADER: SessionPersistenceView = { type: 'Header', name: 'X-Session' };
const [a, b] = [make('shop/a:80'), make('shop/b:80')];
const NOW = 1_800_000_000_000;

function find(table: SessionTable, line: string, wallMs = NOW): Held | null {
  const head = parseRequest(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n`);
  return table.find(head, bytes, wallMs);
}

/** The token in the cookie or header that tells of the endpoint at `place` of `cluster`. */
function token(table: SessionTable, cluster: Cluster, place: number, wallMs = NOW): string {
  const { value } = table.fieldFor(cluster, cluster.endpoints[place].endpoint, wallMs);
  return value.split(';')[0].replace('sid=', '');
}

t.test('a token leads back to its cluster and endpoint, in cookie and header', async (t) => {
  for (const [view, line] of [
    [COOKIE, 'Cookie: x=1; sid='],
    [HEADER, 'x-session: '],
  ] as const) {
    const table = new SessionTable(view, [a, b]);
    for (const cluster of [a, b]) {
      for (const place of [0, 1, 2]) {
        const held = find(table, `${line}${token(table, cluster, place)}\r\n`);
        t.equal(held?.cluster, cluster);
        t.equal(held?.endpoint, cluster.endpoints[place].endpoint);
      }
    }
  }
});

t.test('tokens are the same in every agent, and say nothing', async (t) => {
  const table = new SessionTable(COOKIE, [a]);
  t.equal(token(table, a, 0), 'yhIvrqkxEFrgLmGmGdigX8');
  t.notMatch(token(table, a, 0), /10\.0/);
});

t.test('what is no token of these clusters leads nowhere', async (t) => {
  const table = new SessionTable(COOKIE, [a]);
  const good = token(table, a, 1);
  const foreign = token(new SessionTable(COOKIE, [b]), b, 1);
  for (const value of ['', 'x', foreign, good.slice(1), `${good}x`, `${good}.abc`, 'x'.repeat(5000), '__proto__'])
    t.equal(find(table, `Cookie: sid=${value}\r\n`), null, value.slice(0, 40));
  t.equal(find(table, ''), null);
  t.equal(find(table, `Cookie: other=${good}\r\n`), null);
});

t.test('what the client is told', async (t) => {
  const field = (view: Partial<SessionPersistenceView>): string =>
    new SessionTable({ ...COOKIE, ...view }, [a])
      .fieldFor(a, a.endpoints[0].endpoint, NOW)
      .value.replace(/=[^;]*/, '=T');
  t.equal(field({}), 'sid=T; Path=/; HttpOnly; SameSite=Lax');
  t.equal(field({ path: '/shop' }), 'sid=T; Path=/shop; HttpOnly; SameSite=Lax');
  t.equal(field({ path: '/;\r\nx' }), 'sid=T; Path=/; HttpOnly; SameSite=Lax', 'no path that breaks the line');
  t.equal(field({ absoluteTimeoutMs: 60_000 }), 'sid=T; Path=/; HttpOnly; SameSite=Lax');
  t.equal(field({ absoluteTimeoutMs: 60_000, permanent: true }), 'sid=T; Path=/; Max-Age=60; HttpOnly; SameSite=Lax');
  const header = new SessionTable(HEADER, [a]).fieldFor(a, a.endpoints[0].endpoint, NOW);
  t.match(header, { name: 'x-session', value: /^[\w-]{22}$/, replaces: true });
});

t.test('a session with an absolute timeout ends by the clock, whatever the client says', async (t) => {
  const table = new SessionTable({ ...COOKIE, absoluteTimeoutMs: 60_000 }, [a]);
  const value = token(table, a, 0);
  const line = `Cookie: sid=${value}\r\n`;
  t.ok(find(table, line, NOW));
  t.ok(find(table, line, NOW + 59_999));
  t.equal(find(table, line, NOW + 60_000), null);
  t.equal(find(table, line, NOW - 60_001), null, 'from the future');
  for (const stamp of ['', '.', '.zzzzzzzzzzzz', '.-1', '.0', '.!'])
    t.equal(find(table, `Cookie: sid=${value.split('.')[0]}${stamp}\r\n`), null, stamp);
});

t.test('the rule has sessions of its own, or those of the Services it chooses between', async (t) => {
  const [plain, kept, other] = [make('shop/p:80'), make('shop/k:80', COOKIE), make('shop/o:80', HEADER)];
  t.same(sessionsOf(undefined, [plain, null]), []);
  t.same(
    sessionsOf(COOKIE, [plain, kept, null, kept]).map(({ clusters }) => clusters),
    [[plain, kept]],
  );
  t.same(
    sessionsOf(undefined, [plain, kept, other]).map(({ clusters }) => clusters),
    [[kept], [other]],
  );
  t.same(sessionsOf({ ...COOKIE, name: 'a b' }, [plain]), [], 'no name that breaks the line');
});
