/** A POST is never delivered twice, whatever endpoints do: counted where it arrives. */
import type { Socket } from 'node:net';
import t from 'tap';
import type { RouteActionView } from '../../../../src/contract/views.ts';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { check, closedPort, ruledService } from '../support/http2-rig.ts';

const POSTS = 2_000;
const CLIENTS = 8;
const RULES: readonly [string, Partial<RouteActionView>][] = [
  ['without a rule', {}],
  ['with retries and a time for each try', { retry: { attempts: 3, codes: [], backoffMs: 1 }, perTryTimeoutMs: 400 }],
];

/** Notes every POST, and resets or closes its connection before, in or after the answer at random. */
function dying(arrived: Map<string, number>) {
  return (socket: Socket): void => {
    let text = '';
    if (Math.random() < 0.02) socket.resetAndDestroy();
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const id = /^POST \/(\d+) [\s\S]*\r\n\r\nbody$/.exec(text)?.[1];
      if (id === undefined) return;
      text = '';
      arrived.set(id, (arrived.get(id) ?? 0) + 1);
      const dice = Math.random();
      if (dice < 0.05) socket.resetAndDestroy();
      else if (dice < 0.08) socket.destroy();
      else if (dice < 0.1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal');
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      // Idle connections die as well, without a word.
      if (dice > 0.9) setTimeout(() => socket.resetAndDestroy(), Math.random() * 5);
    });
  };
}

/** Sends POSTs one after the other over one connection; a new one when it ends. Returns how many were answered 200. */
async function post(rig: ProxyRig, ids: readonly string[]): Promise<number> {
  let client = await rig.client();
  let answered = 0;
  for (const id of ids) {
    if (client.closed || client.ended || client.error !== null) client = await rig.client();
    client.clear();
    client.send(`POST /${id} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`);
    const current = client;
    const isOver = (): boolean => {
      const { text } = current;
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      return current.ended || current.error !== null || (end >= 0 && text.length >= end + 4 + length);
    };
    await rig.until(isOver, `the end of POST ${id}`, 20_000);
    if (current.text.startsWith('HTTP/1.1 200')) answered++;
  }
  return answered;
}

const numbered = (client: number, of: number): string[] =>
  Array.from({ length: of }, (_, i) => String(client * of + i));

for (const [name, action] of RULES) {
  t.test(`HTTP/1.1, ${name}`, { timeout: 120_000 }, async (t) => {
    const rig = new ProxyRig();
    const arrived = new Map<string, number>();
    const ports = [];
    for (let i = 0; i < 3; i++) ports.push((await rig.serve(dying(arrived))).port);
    ports.push(await closedPort());
    rig.service(ruledService(ports, action));
    const share = POSTS / CLIENTS;
    const answered = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) => post(rig, numbered(client, share))),
    );
    const twice = [...arrived].filter(([, times]) => times > 1);
    t.same(twice, [], 'none arrived twice');
    t.ok(arrived.size > POSTS * 0.9, `${arrived.size} of ${POSTS} arrived`);
    const total = answered.reduce((sum, n) => sum + n, 0);
    t.ok(total > POSTS * 0.8, `${total} were answered`);
    await check(t, rig);
  });
}

t.test('HTTP/2, with retries: streams that are refused move on, those that are reset do not', async (t) => {
  const rig = new ProxyRig();
  const arrived = new Map<string, number>();
  const serve = () =>
    serveHttp2(rig, (stream, headers) => {
      const dice = Math.random();
      if (dice < 0.1) return stream.close(7);
      const id = String(headers[':path']);
      stream.resume();
      stream.on('end', () => {
        arrived.set(id, (arrived.get(id) ?? 0) + 1);
        if (dice < 0.15) return stream.close(2);
        if (dice < 0.17) return stream.session?.destroy();
        if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true });
      });
    });
  const servers = [await serve(), await serve(), await serve()];
  const retry = { attempts: 3, codes: [], backoffMs: 1 };
  rig.service(
    ruledService(
      servers.map(({ port }) => port),
      { retry },
    ),
  );
  const session = await connectHttp2(rig);
  let answered = 0;
  for (let from = 0; from < 1_000; from += 20) {
    const ids = Array.from({ length: 20 }, (_, i) => `/${from + i}`);
    const answers = await Promise.all(ids.map((id) => ask(session, { ':method': 'POST', ':path': id }, 'body')));
    answered += answers.filter(({ status }) => status === 200).length;
  }
  t.same(
    [...arrived].filter(([, times]) => times > 1),
    [],
    'none arrived twice',
  );
  t.ok(answered > 700, `${answered} were answered`);
  await check(t, rig);
});
