import t from 'tap';
import { drainIdle } from '../../../src/proxy/drain.ts';
import { dumpState } from '../../../src/proxy/dump-state.ts';
import { ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

t.test('draining closes clients with their next answer, and idle ones soon; nobody loses an answer', async (t) => {
  const rig = new ProxyRig();
  const answers: (() => void)[] = [];
  const { port } = await rig.serve((socket) => socket.on('data', () => answers.push(() => socket.write(OK))));
  rig.service(serviceView([port]));
  const [idle, next, busy] = [await rig.client(), await rig.client(), await rig.client()];
  const exchange = async (client: typeof idle): Promise<void> => {
    client.send(GET);
    await rig.until(() => answers.length === 1, 'the request');
    answers.pop()?.();
    await rig.until(() => client.text.endsWith('ok'), 'the answer');
  };
  for (const client of [idle, next]) await exchange(client);
  busy.send(GET);
  await rig.until(() => answers.length === 1, 'a request under way');
  const late = answers.pop();
  rig.draining = true;
  drainIdle(rig.context);
  const from = Date.now();
  next.clear();
  await exchange(next);
  t.match(next.text, /Connection: close/);
  late?.();
  await rig.until(() => busy.ended, 'the end of the busy one');
  t.match(busy.text, /Connection: close[\s\S]*ok$/);
  t.notOk(idle.ended, 'its next request may be on the way');
  await rig.until(() => idle.ended, 'the end of the idle one');
  t.ok(Date.now() - from >= 1_900);
  t.same(rig.closed.map(({ ending }) => ending).sort(), ['closed', 'closed', 'drained']);
  const { errors, chunks } = await rig.end();
  t.same(errors, []);
  t.equal(chunks, 0);
});

t.test('a dump tells services, endpoints, connections and remembered verdicts', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.service(serviceView([port]));
  rig.context.serverFirst.remember(rig.destination);
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.same(dumpState(rig.context), {
    services: [{ key: 'shop/orders', epoch: 1, gen: 1 }],
    endpoints: [
      { address: `127.0.0.1:${port}`, active: 0, idleConnections: 1 },
      { address: '240.0.0.1:80', active: 0, idleConnections: 0 },
    ],
    connections: 2,
    health: [],
    http2Clients: { connections: 0, streams: 0 },
    verdicts: [],
  });
  await rig.end();
});
