/** Rate limits at the door of a program: real connections of HTTP/1.1, HTTP/2 and gRPC. */
import { createServer } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import { QuotaTable } from '../../../../src/contract/quota-table.ts';
import { sharedNow } from '../../../../src/contract/shared-clock.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
rig.side = 'inbound';
const table = new QuotaTable(rig.limitMemory.quotas);

let served = 0;
const server = createServer((request, response) => {
  served++;
  request.resume().on('end', () => response.end('hello'));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
rig.onEnd(() => server.closeAllConnections());
rig.onEnd(() => server.close());
const { port } = server.address() as AddressInfo;

const h2 = createHttp2Server((request, response) => {
  served++;
  request.resume().on('end', () => response.end('hello'));
});
await new Promise<void>((resolve) => h2.listen(0, '127.0.0.1', resolve));
rig.onEnd(() => h2.close());
const h2Port = (h2.address() as AddressInfo).port;

let gen = 0;
function limits(at: number, ...rules: Partial<LimitRuleView>[]): void {
  served = 0;
  rig.posted.length = 0;
  rig.destination = address('127.0.0.1', at);
  const protocol = at === h2Port ? 'http2' : 'auto';
  rig.context.table.setInbound([{ namespace: 'shop', name: 'orders', ports: [{ name: 'p', port: at, protocol }] }]);
  const views = rules.map(
    (rule, i): LimitRuleView => ({
      id: `shop/p${gen}/${rule.scope ?? 'local'}/${i}@shop/orders`,
      service: 'shop/orders',
      scope: 'local',
      by: [],
      limit: { requests: 2, windowMs: 3_600_000 },
      ...rule,
    }),
  );
  rig.context.rateLimits.set({
    version: exampleVersion(++gen),
    workloads: [{ namespace: 'shop', name: 'orders', limits: [{ port: at, rules: views }] }],
  });
}

/** The answer to each request, sent one after the other over one connection. */
async function ask(...heads: string[]): Promise<string[]> {
  const client = await rig.client();
  const answers: string[] = [];
  for (const head of heads) {
    client.clear();
    client.send(`${head}\r\nhost: orders\r\n\r\n`);
    await rig.until(() => /\r\n\r\n/.test(client.text), 'an answer');
    answers.push(client.text);
  }
  client.socket.destroy();
  return answers;
}

function statuses(answers: readonly string[]): string[] {
  return answers.map((answer) => answer.slice(9, 12));
}

const GET = 'GET /a HTTP/1.1';

t.test(
  'a local limit: so many pass, then 429 with what the client must know, and the connection goes on',
  async (t) => {
    limits(port, {});
    const answers = await ask(GET, GET, GET, GET);
    t.same(statuses(answers), ['200', '200', '429', '429']);
    t.equal(served, 2, 'the program saw no more');
    const refusal = answers[2] ?? '';
    t.match(refusal, /\r\nx-towpath-error: RL; /);
    t.match(refusal, /\r\nx-envoy-ratelimited: true\r\n/);
    t.match(refusal, /\r\nx-ratelimit-limit: 2, 2;w=3600\r\n/);
    t.match(refusal, /\r\nx-ratelimit-remaining: 0\r\n/);
    t.match(refusal, /\r\nx-ratelimit-reset: 3[56]\d\d\r\n/);
    t.match(refusal, /\r\nretry-after: 3[56]\d\d\r\n/);
    t.equal(rig.count('towpath_rate_limit_requests_total', { result: 'allowed' }), 2);
    t.equal(rig.count('towpath_rate_limit_requests_total', { result: 'refused' }), 2);
  },
);

t.test('buckets by header, path and a rule that only watches; a refusal uses nothing up', async (t) => {
  limits(port, { by: [{ type: 'header', name: 'x-user' }], limit: { requests: 1, windowMs: 3_600_000 } });
  const user = (name: string): string => `${GET}\r\nx-user: ${name}`;
  t.same(statuses(await ask(user('ann'), user('bob'), user('ann'), GET, GET)), ['200', '200', '429', '200', '429']);
  const entry = {
    path: { type: 'PathPrefix', value: '/dear' },
    method: null,
    headers: [],
    query: [],
    action: 0,
  } as const;
  limits(port, {}, { match: [entry], limit: { requests: 0, windowMs: 3_600_000 } });
  const dear = 'GET /dear/x HTTP/1.1';
  t.same(statuses(await ask(dear, dear, dear, GET, GET, GET)), ['429', '429', '429', '200', '200', '429']);
  limits(port, { shadow: true });
  t.same(statuses(await ask(GET, GET, GET)), ['200', '200', '200']);
  t.equal(rig.count('towpath_rate_limit_requests_total', { result: 'shadow' }), 1);
});

t.test('a global limit: the first request waits for main, which is asked once for a caller', async (t) => {
  limits(port, { scope: 'global', onOutage: 'deny', by: [{ type: 'caller' }] });
  const rule = `shop/p${gen - 1}/global/0@shop/orders`;
  const [one, two] = [await rig.client(), await rig.client()];
  one.send(`${GET}\r\nhost: o\r\n\r\n`);
  two.send(`POST /b HTTP/1.1\r\nhost: o\r\ncontent-length: 3\r\n\r\nabc`);
  await rig.until(() => rig.posted.length > 0, 'main is asked');
  t.same(rig.posted, [{ type: 'quota-need', rule, caller: '127.0.0.1', key: 'address:127.0.0.1' }]);
  t.equal(served, 0, 'both are held');
  const now = sharedNow();
  table.clear(5);
  table.open(5, 0, 0, now + 60_000);
  const limit = { requests: 3, windowMs: 60_000 };
  const slot = {
    type: 'quota-slot',
    sequence: 1,
    rule,
    key: 'address:127.0.0.1',
    slot: 5,
    caller: 'shop/web',
    limit,
  } as const;
  rig.context.rateLimits.heard(slot);
  await rig.until(() => rig.posted.length > 1, 'tokens are asked for');
  t.same(rig.posted[1], { type: 'quota-low', slot: 5 });
  table.deposit(5, 0, 3);
  t.equal(table.answered(5), true, 'requests wait');
  rig.context.rateLimits.heard({ type: 'quota-filled', sequence: 2, slots: [5] });
  await rig.until(() => one.text.endsWith('hello') && two.text.includes('hello'), 'both answers');
  t.match(two.text, /^HTTP\/1.1 200/);
  t.equal(served, 2);
  table.setExhausted(5, 0, true);
  t.same(statuses(await ask(GET, GET)), ['200', '429'], 'the last token, then a refusal at once');
  t.match((await ask(GET))[0], /the limit of shop\/web under shop\/p\d+\/global\/0 is reached: 3 in a minute/);
  table.setMode(5, 2);
  t.match((await ask(GET))[0], /429[\s\S]*x-towpath-error: RLSE/, 'nobody can be asked, and the policy denies');
  table.setMode(5, 1);
  t.same(statuses(await ask(GET, GET)), ['200', '200'], '... or lets everything pass');
});

t.test('a request is not held for long: then the policy decides', async (t) => {
  for (const [onOutage, status] of [
    ['allow', '200'],
    ['deny', '429'],
    ['share', '429'],
  ] as const) {
    limits(port, { scope: 'global', onOutage, by: [{ type: 'caller' }] });
    t.same(statuses(await ask(GET)), [status], onOutage);
  }
  limits(port, { scope: 'global', onOutage: 'deny', shadow: true, by: [{ type: 'caller' }] });
  t.same(statuses(await ask(GET)), ['200'], 'nobody waits for a rule that only watches');
});

t.test('HTTP/2 and gRPC: a stream is refused, held and let through, with its body', async (t) => {
  limits(h2Port, {}, { scope: 'global', onOutage: 'deny' });
  const rule = `shop/p${gen - 1}/global/1@shop/orders`;
  const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
  rig.onEnd(() => session.destroy());
  const [first, second] = [call(session, {}, 'abc'), call(session, {}, '')];
  await rig.until(() => rig.posted.length > 0, 'main is asked');
  table.clear(6);
  table.open(6, 1, 0, sharedNow() + 60_000);
  table.deposit(6, 1, 100);
  const limit = { requests: 100, windowMs: 60_000 };
  rig.context.rateLimits.heard({ type: 'quota-slot', sequence: 1, rule, key: '', slot: 6, caller: '', limit });
  t.same([(await first).status, (await second).status], [200, 200]);
  t.equal(served, 2);
  const third = await call(session, {}, '');
  t.same(
    [third.status, third.headers['x-ratelimit-remaining'], third.headers['x-envoy-ratelimited']],
    [429, '0', 'true'],
  );
  const grpc = await call(session, { 'content-type': 'application/grpc', te: 'trailers' }, '');
  t.same([grpc.status, grpc.headers['grpc-status']], [200, '8'], 'RESOURCE_EXHAUSTED');
  t.match(String(grpc.headers['grpc-message']), /is reached/);
  t.match(grpc.headers['retry-after'], /^\d+$/);
});

t.test('nothing is left behind', async (t) => {
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
});

function call(session: ClientHttp2Session, headers: Record<string, string>, body: string) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/p', ...headers });
    stream.on('error', reject);
    stream.on('response', (answer) => {
      stream.resume();
      stream.on('end', () => resolve({ status: Number(answer[':status']), headers: answer }));
    });
    stream.end(body);
  });
}
