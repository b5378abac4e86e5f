/** Changed policies and connections of HTTP that live: those end that no request could use any more, and no others. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { AuthorizationPolicyView } from '../../../src/contract/authorization-views.ts';
import { endForbidden } from '../../../src/proxy/end-forbidden.ts';
import { begin, connectHttp2, serveHttp2 } from '../../helpers/http2-peers.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { clause, converse, listen, policies, serveHttp, to, when } from './support/door.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
const program = await serveHttp(rig);
const slow = createServer((_request, response) => response.write('first'));
await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
rig.onEnd(() => slow.closeAllConnections());
rig.onEnd(() => slow.close());
const slowPort = (slow.address() as AddressInfo).port;

const GET = 'GET / HTTP/1.1\r\nHost: o\r\n\r\n';
const here = clause('source.ip', '127.0.0.1');
const elsewhere = clause('source.ip', '10.0.0.0/8');
const ended = (): number => rig.count('towpath_authorization_ended_total');

/** `list` takes the place of policies that allow all. */
function change(...list: Partial<AuthorizationPolicyView>[]): void {
  policies(rig, ...list);
  endForbidden(rig.context);
}

async function keptAlive() {
  policies(rig, { rules: [when(elsewhere)] });
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => /hello/.test(client.text), 'the answer');
  client.clear();
  return client;
}

const CASES: readonly [name: string, isOver: boolean, ...list: Partial<AuthorizationPolicyView>[]][] = [
  ['a DENY of the address', true, { rules: [when(here)] }],
  [
    'a DENY of the address and a path',
    false,
    { rules: [{ from: [[here]], to: [[clause('request.path', '/admin')]], when: [] }] },
  ],
  ['a DENY of a path', false, { rules: [to(clause('request.path', '/'))] }],
  ['a DENY of everything but a path', false, { rules: [to({ ...clause('request.path', '/x'), not: true })] }],
  ['an ALLOW of nothing', true, { action: 'ALLOW' }],
  [
    'an ALLOW of another address',
    true,
    { action: 'ALLOW', rules: [{ from: [[elsewhere]], to: [[clause('request.path', '/')]], when: [] }] },
  ],
  ['an ALLOW of a path', false, { action: 'ALLOW', rules: [to(clause('request.path', '/none'))] }],
  ['an ALLOW with a token', false, { action: 'ALLOW', rules: [when(clause('request.auth.principal', '*'))] }],
  ['a DENY that is tried out', false, { dryRun: true, rules: [when(here)] }],
  ['an AUDIT', false, { action: 'AUDIT', rules: [when(here)] }],
];

t.test('a kept-alive connection of HTTP/1.1', async (t) => {
  listen(rig, program.port);
  for (const [name, isOver, ...list] of CASES) {
    const client = await keptAlive();
    const before = ended();
    change(...list);
    t.equal(ended() - before, isOver ? 1 : 0, name);
    if (isOver) await rig.until(() => client.ended || client.closed, name);
    else t.equal(client.ended || client.closed, false, name);
    client.socket.destroy();
  }
});

t.test('HTTP/2 likewise, streams and all', async (t) => {
  const program2 = await serveHttp2(rig, (stream) => stream.respond({ ':status': 200 }));
  listen(rig, program2.port);
  for (const [name, isOver, ...list] of CASES) {
    policies(rig, { rules: [when(elsewhere)] });
    const session = await connectHttp2(rig);
    const answer = begin(session);
    answer.stream.on('error', () => {});
    await rig.until(() => answer.status === 200, 'the answer begins');
    const before = ended();
    change(...list);
    t.equal(ended() - before, isOver ? 1 : 0, name);
    if (isOver) await rig.until(() => session.destroyed || session.closed, name);
    else t.equal(session.closed || answer.stream.destroyed, false, name);
    session.destroy();
  }
});

t.test('a request under way is cut, and counted', async (t) => {
  listen(rig, slowPort);
  policies(rig, { rules: [when(elsewhere)] });
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => /first/.test(client.text), 'the answer begins');
  change({ rules: [when(here)] });
  await rig.until(() => client.closed, 'the end');
  t.equal(client.error?.code, 'ECONNRESET', 'half an answer must not pass for a whole one');
  t.equal(rig.count('towpath_requests_total', { flags: 'UAEX' }), 1);
  t.match(rig.closed.at(-1), {
    ending: 'reset',
    record: { flag: 'UAEX', detail: /a changed policy forbids .*shop\/p0/ },
  });
});

t.test('a connection that may ask for nothing is told so once, and closed', async (t) => {
  listen(rig, program.port);
  program.served.length = 0;
  policies(rig, { rules: [when(here)] });
  const { text } = await converse(rig, GET + GET);
  t.equal(text.match(/HTTP\/1\.1 403 /g)?.length, 1);
  t.match(text, /\r\nconnection: close\r\n/i);
  const session = await connectHttp2(rig);
  const first = begin(session);
  first.stream.on('error', () => {});
  await rig.until(() => session.destroyed, 'GOAWAY, and the end');
  t.equal(first.status, 403);
  policies(rig, { rules: [to(clause('request.path', '/'))] });
  const client = await rig.client();
  client.send(GET + GET);
  await rig.until(() => client.text.match(/HTTP\/1\.1 403 /g)?.length === 2, 'both answers: another path might do');
  t.equal(client.ended, false);
  const closed = rig.closed.length;
  client.socket.destroy();
  await rig.until(() => rig.closed.length > closed, 'its end');
  t.same(program.served, []);
});

t.test('the outbound side is no business of these policies; nothing is left over', async (t) => {
  rig.side = 'outbound';
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => /hello/.test(client.text), 'the answer');
  const before = ended();
  change({ rules: [when(here)] });
  t.equal(ended(), before);
  t.equal(client.ended, false);
  t.same(rig.errors, []);
});
