import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { closeHttp, type HttpRequest, jsonAnswer, serveHttp } from '../../../../src/agent/admin/serve-http.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const LISTENER = { addresses: ['127.0.0.1'], port: 0, setting: 'ports.admin', variable: 'TOWPATH_ADMIN_PORT' };

async function start(
  t: Tap,
  answer: (request: HttpRequest) => Promise<ReturnType<typeof jsonAnswer>>,
): Promise<number> {
  const server = await serveHttp(LISTENER, answer, logger);
  t.teardown(() => closeHttp(server));
  return portOf(server);
}
type Tap = { teardown(end: () => unknown): void };

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

t.test('a request arrives decoded and its answer is sent whole', async (t) => {
  const port = await start(t, async ({ method, path, query }) =>
    jsonAnswer(200, { method, path, level: query.get('level') }),
  );
  const response = await fetch(`http://127.0.0.1:${port}/a%20b?level=x`, { method: 'POST', body: 'ignored' });
  t.strictSame(await response.json(), { method: 'POST', path: '/a%20b', level: 'x' });
  t.equal(response.headers.get('x-content-type-options'), 'nosniff');
  const head = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' });
  t.equal(await head.text(), '');
});

t.test('an answer that fails is a 500 with a sentence, and the server lives on', async (t) => {
  let broken = true;
  const port = await start(t, async () => {
    if (broken) throw new Error('no dump today');
    return jsonAnswer(200, {});
  });
  const response = await fetch(`http://127.0.0.1:${port}/dump`);
  t.equal(response.status, 500);
  t.match(await response.text(), 'no dump today');
  broken = false;
  t.equal((await fetch(`http://127.0.0.1:${port}/dump`)).status, 200);
});

t.test('a port that is taken is named with its setting', async (t) => {
  const port = await start(t, async () => jsonAnswer(200, {}));
  await t.rejects(
    serveHttp({ ...LISTENER, port }, async () => jsonAnswer(200, {}), logger),
    {
      message: `port ${port} (ports.admin) is already in use by another program`,
      problems: [{ hint: 'choose another with ports.admin or TOWPATH_ADMIN_PORT' }],
    },
  );
});

t.test('an address that this host does not have gives way to the next, but a taken port does not', async (t) => {
  const server = await serveHttp(
    { ...LISTENER, addresses: ['203.0.113.77', '127.0.0.1'] },
    async () => jsonAnswer(200, {}),
    logger,
  );
  t.teardown(() => closeHttp(server));
  t.equal((await fetch(`http://127.0.0.1:${portOf(server)}/`)).status, 200);
  await t.rejects(
    serveHttp({ ...LISTENER, addresses: ['203.0.113.77'] }, async () => jsonAnswer(200, {}), logger),
    {
      message: /cannot listen on 203\.0\.113\.77 port 0/,
    },
  );
});

t.test('a head that is too large is refused, and so are connections above the limit', async (t) => {
  const port = await start(t, async () => jsonAnswer(200, {}));
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { x: 'y'.repeat(10_000) } });
  t.equal(response.status, 431);
  const sockets = Array.from({ length: 70 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.teardown(() => sockets.map((socket) => socket.destroy()));
  const closed = sockets.map((socket) => once(socket.resume(), 'close'));
  await Promise.race(closed);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const open = sockets.filter((socket) => !socket.destroyed).length;
  t.ok(open <= 64 && open > 0, `${open} are served`);
});
