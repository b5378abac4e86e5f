/** Servers close connections that are not in use, and a request may cross the FIN or RST on the wire. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';

const CLIENTS = 24;
const REQUESTS = 200;
const MAX_IDLE_MS = 30;

interface Counts {
  readonly served: ReadonlyMap<string, number>;
  readonly closed: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one request after another with random pauses; what each was answered: `200` or `503`. */
async function run(rig: ProxyRig, client: RigClient, name: string, answers: Map<string, string>): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) {
    const method = i % 2 === 0 ? 'GET' : 'POST';
    const id = `/${method}-${name}-${i}`;
    client.clear();
    client.send(
      `${method} ${id} HTTP/1.1\r\nHost: orders\r\n${method === 'POST' ? 'Content-Length: 2\r\n\r\nhi' : '\r\n'}`,
    );
    await rig.until(() => /\r\n\r\n./.test(client.text) || client.closed, `the answer to ${id}`, 10_000);
    answers.set(id, client.text.slice(9, 12));
    if (client.closed) return;
    await pause(Math.random() * 2 * MAX_IDLE_MS);
  }
}

t.test('a server that closes idle connections at random costs no safe request and duplicates no other', async (t) => {
  const worker = new Worker(join(import.meta.dirname, 'support', 'closing-server.ts'), {
    workerData: { maxIdleMs: MAX_IDLE_MS },
  });
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
  const rig = new ProxyRig();
  rig.service(serviceView([port], { protocol: 'http1' }));
  const answers = new Map<string, string>();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => rig.client()));
  await Promise.all(clients.map((client, i) => run(rig, client, String(i), answers)));
  worker.postMessage('counts');
  const [{ served, closed }] = (await once(worker, 'message')) as [Counts];
  await worker.terminate();

  const ids = [...answers.keys()];
  const gets = ids.filter((id) => id.startsWith('/GET'));
  const posts = ids.filter((id) => id.startsWith('/POST'));
  const lost = posts.filter((id) => answers.get(id) !== '200');
  t.equal(ids.length, CLIENTS * REQUESTS, 'every request was answered');
  t.ok(closed > 500, `the server closed ${closed} connections`);
  t.same(
    gets.filter((id) => answers.get(id) !== '200' || served.get(id) !== 1),
    [],
    `all ${gets.length} GETs were answered 200 and served once`,
  );
  t.same(
    posts.filter((id) => (served.get(id) ?? 0) > 1),
    [],
    `none of ${posts.length} POSTs was served twice`,
  );
  t.same(
    posts.filter((id) => (served.get(id) ?? 0) !== (answers.get(id) === '200' ? 1 : 0)),
    [],
    'a POST was served if and only if it was answered 200',
  );
  t.same(
    lost.filter((id) => answers.get(id) !== '503'),
    [],
    'a POST that met the end of its connection was answered 503',
  );
  t.ok(lost.length <= posts.length / 100, `${lost.length} POSTs were lost to the race`);
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
});
