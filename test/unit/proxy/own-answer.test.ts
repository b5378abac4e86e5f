import t from 'tap';
import type { RequestDecision } from '../../../src/proxy/decide-request.ts';
import { answerOf } from '../../../src/proxy/own-answer.ts';
import { ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
const decision: Extract<RequestDecision, { type: 'answer' }> = {
  type: 'answer',
  flag: 'NR',
  status: 404,
  sentence: 'no rule matches',
  service: 'shop/orders',
  route: 'shop/r/0',
};

for (const [what, request, draining, close, stillSending] of [
  ['a plain request leaves the connection open', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', false, false, false],
  ['a body that nobody reads ends it', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n', false, true, true],
  ['so does a refused CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', false, true, true],
  ['so does the wish of the client', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', false, true, false],
  ['and draining', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', true, true, false],
] as const) {
  t.test(what, async (t) => {
    const { parser, reactor } = rig.context;
    const { slab } = reactor;
    parser.parseRequest(slab.receiveArea, slab.bytes.write(request, slab.receiveArea, 'latin1'));
    t.match(answerOf(decision, parser.head, draining), { status: 404, flag: 'NR', close, stillSending, seconds: 0 });
  });
}

t.test('a sentence cannot break out of its answer, and HEAD gets the head alone', async (t) => {
  const rig = new ProxyRig();
  rig.service({ ...serviceView([], { protocol: 'http1' }), name: 'orders' });
  const client = await rig.client();
  client.send('HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*x-towpath-error: UH; connection=\w+-1\r\nconnection: close\r\n\r\n$/);
  t.equal(rig.count('towpath_requests_total', { code: '503', flags: 'UH', endpoint: '' }), 1);
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.match(rig.closed[0].record, { flag: 'UH', requests: 1 });
  await rig.end();
});
