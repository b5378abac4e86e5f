/** Local limits of rules of routes, where requests leave a host. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { explainQuestionSchema } from '../../../../src/contract/decision-trace.ts';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import { explainRequest } from '../../../../src/proxy/explain/explain-request.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
const server = createServer((request, response) => {
  request.resume();
  response.end('hello');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
rig.onEnd(() => server.closeAllConnections());
rig.onEnd(() => server.close());

const rule: LimitRuleView = {
  id: 'shop/p/local/0@HTTPRoute shop/orders beta',
  service: 'HTTPRoute shop/orders beta',
  scope: 'local',
  by: [{ type: 'header', name: 'x-user' }],
  limit: { requests: 1, windowMs: 3_600_000 },
};
const entry = { path: null, method: null, headers: [], query: [] };
const beta = { path: { type: 'PathPrefix', value: '/beta' }, method: null, headers: [], query: [] } as const;
const backends = [{ cluster: 'shop/orders:80', weight: 1, requestHeaders: null }];
const action = { route: 'shop/orders', backends, requestHeaders: null, requestTimeoutMs: null };
rig.service(
  serviceView([(server.address() as AddressInfo).port], {
    http: {
      entries: [
        { ...beta, action: 0 },
        { ...entry, action: 1 },
      ],
      actions: [
        { ...action, rule: 'beta', limits: [rule] },
        { ...action, rule: 'main' },
      ],
    },
  }),
);

t.test('the rule that decides counts, and no other', async (t) => {
  const client = await rig.client();
  const ask = async (path: string, user: string): Promise<string> => {
    client.clear();
    client.send(`GET ${path} HTTP/1.1\r\nhost: orders\r\nx-user: ${user}\r\n\r\n`);
    await rig.until(() => /\r\n\r\n/.test(client.text), 'an answer');
    return client.text;
  };
  t.match(await ask('/beta', 'ann'), /^HTTP\/1.1 200/);
  t.match(await ask('/beta', 'bob'), /^HTTP\/1.1 200/);
  t.match(await ask('/', 'ann'), /^HTTP\/1.1 200/);
  const refusal = await ask('/beta', 'ann');
  t.match(refusal, /^HTTP\/1.1 429/);
  t.match(refusal, /x-towpath-error: RL; /);
  t.match(await ask('/', 'ann'), /^HTTP\/1.1 200/, 'the connection goes on');
  t.equal(rig.count('towpath_rate_limit_requests_total', { result: 'refused', policy: 'shop/p/local/0' }), 1);
});

t.test('a question of what would become of a request counts nothing', async (t) => {
  const explain = (user: string): unknown => {
    const question = { method: 'GET', authority: 'orders.shop', path: '/beta', headers: [['x-user', user]] };
    let found: unknown;
    explainRequest(rig.context, explainQuestionSchema.parse(question), (answer) => {
      found = answer;
    });
    return found;
  };
  const counted = rig.count('towpath_rate_limit_requests_total');
  for (let i = 0; i < 2; i++) t.match(explain('eve'), { trace: { decision: { type: 'forward' } } });
  t.match(explain('ann'), { trace: { decision: { type: 'answer', flag: 'RL', status: 429 } } });
  t.equal(rig.count('towpath_rate_limit_requests_total'), counted);
});

t.test('nothing is left behind', async (t) => {
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
});
