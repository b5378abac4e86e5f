import t from 'tap';
import type { OwnField } from '../../../../src/proxy/codec/own-lines.ts';
import { affinityFields } from '../../../../src/proxy/endpoints/affinity.ts';
import { AskedRequest } from '../../../../src/proxy/endpoints/asked-request.ts';
import { chooseEndpoint } from '../../../../src/proxy/endpoints/choose-endpoint.ts';
import { keyOfText } from '../../../../src/proxy/endpoints/hash-key.ts';
import { NO_KEY } from '../../../../src/proxy/endpoints/pick-context.ts';
import { bytes, parseRequest } from '../codec/http1/fixture.ts';
import { at, cluster, endpoints, seeded } from './support/seeded.ts';

const context = { ...at(seeded(1)), asked: new AskedRequest() };

function ask(fields: string): void {
  context.asked.note(null, null, parseRequest(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`), bytes);
}

t.test('a balancer that does not hash takes no notice of the request', async (t) => {
  ask('Cookie: sid=1\r\n');
  t.ok(chooseEndpoint(context, cluster('LeastRequest', [1, 1]), []));
  t.equal(context.asked.key, NO_KEY);
  t.equal(context.asked.affinity, null);
});

/** What the answer tells the client. */
function told(): readonly OwnField[] {
  const [endpoint] = endpoints(1);
  return affinityFields(context.asked.affinity, endpoint, 0);
}

const byCookie = (ttlMs?: number): { hash: { type: 'Cookie'; name: string; ttlMs?: number } } => ({
  hash: { type: 'Cookie', name: 'sid', ...(ttlMs === undefined ? {} : { ttlMs }) },
});

t.test('a client with the cookie comes to its endpoint, and is told nothing', async (t) => {
  const c = cluster('ConsistentHash', [1, 1, 1, 1, 1], byCookie(1000));
  ask('Cookie: sid=bob\r\n');
  const picked = new Set(Array.from({ length: 20 }, () => chooseEndpoint(context, c, [])));
  t.equal(picked.size, 1);
  t.equal(context.asked.key, keyOfText('bob'));
  t.equal(context.asked.affinity, null);
});

t.test('a client without one gets one that leads to the endpoint chosen for it', async (t) => {
  const c = cluster('ConsistentHash', [1, 1, 1, 1, 1], byCookie(1500));
  for (let i = 0; i < 20; i++) {
    ask('');
    const first = chooseEndpoint(context, c, []);
    const [field] = told();
    t.match(field, { name: 'set-cookie', value: /^sid=[0-9a-f]{16}; Path=\/; Max-Age=2; HttpOnly; SameSite=Lax$/ });
    ask(`Cookie: ${field.value.split(';')[0]}\r\n`);
    t.equal(chooseEndpoint(context, c, []), first);
    t.same(told(), []);
  }
});

t.test('for the session of the browser with a ttl of 0; none without a ttl', async (t) => {
  ask('');
  chooseEndpoint(context, cluster('ConsistentHash', [1, 1], byCookie(0)), []);
  t.notMatch(told()[0].value, 'Max-Age');
  chooseEndpoint(context, cluster('ConsistentHash', [1, 1], byCookie()), []);
  t.equal(context.asked.affinity, null);
  t.equal(context.asked.key, NO_KEY);
});
