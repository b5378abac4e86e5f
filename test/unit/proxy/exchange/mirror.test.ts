import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';
import { check, closedPort, ruledService } from '../support/http2-rig.ts';

interface Seen {
  readonly path: string;
  readonly body: string;
  readonly id: unknown;
  readonly to: unknown;
  readonly authority: unknown;
}

/** Answers with `text` and remembers every request. */
async function serve(rig: ProxyRig, text: string, seen: Seen[] = []) {
  return serveHttp2(rig, (stream, headers) => {
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('end', () => {
      const { ':path': path = '', ':authority': authority, 'x-request-id': id, 'x-to': to } = headers;
      seen.push({ path, body, id, to, authority });
      stream.respond({ ':status': text === 'main' ? 200 : 500 });
      stream.end(text);
    });
  });
}

/** `main`, and `mirror` for a share of the requests. */
function mirrored(main: number, mirror: number, numerator = 100) {
  const requestHeaders = { set: [{ name: 'x-to', value: 'both' }], add: [], remove: [] };
  const mirrors = [{ cluster: 'shop/shadow:80', numerator, denominator: 100 }];
  const view = ruledService([main], { mirrors, requestHeaders });
  const endpoints = [{ ip: '127.0.0.1', port: mirror, weight: 1, workload: 'shop/s' }];
  const shadow = { ...view.clusters['shop/orders:80'], service: 'shop/shadow', endpoints };
  return { ...view, clusters: { ...view.clusters, 'shop/shadow:80': shadow } };
}

const results = (rig: ProxyRig, result: string): number =>
  rig.count('towpath_mirrored_requests_total', { cluster: 'shop/shadow:80', result });

t.test('a copy with its body, its edits and its id; the answer is that of the service alone', async (t) => {
  const rig = new ProxyRig();
  const [atMain, atMirror]: [Seen[], Seen[]] = [[], []];
  const [main, mirror] = [await serve(rig, 'main', atMain), await serve(rig, 'mirror', atMirror)];
  rig.service(mirrored(main.port, mirror.port));
  const session = await connectHttp2(rig);
  const body = 'b'.repeat(20_000);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => ask(session, { ':method': 'POST', ':path': `/${i}` }, body)),
  );
  t.ok(answers.every((answer) => answer.status === 200 && answer.body === 'main'));
  await rig.until(() => results(rig, 'answered') === 10, 'the copies');
  const byPath = (a: Seen, b: Seen): number => a.path.localeCompare(b.path);
  t.same(atMirror.toSorted(byPath), atMain.toSorted(byPath));
  t.match(atMirror[0], { to: 'both', body, authority: 'orders', id: /^[0-9a-f]{24}$/ });
  t.equal(rig.count('towpath_requests_total'), 10, 'copies are not counted as requests');
  await check(t, rig);
});

t.test('HTTP/1.1 is copied as well, to the letter', async (t) => {
  const rig = new ProxyRig();
  const texts: [string, string] = ['', ''];
  const serveText = (i: 0 | 1, answer: string) =>
    rig.serve((socket) =>
      socket.on('data', (chunk) => {
        texts[i] += chunk.toString('latin1');
        if (texts[i].endsWith('0\r\n\r\n')) socket.write(answer);
      }),
    );
  const main = await serveText(0, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmain');
  const mirror = await serveText(1, 'HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\nmirror');
  rig.service(mirrored(main.port, mirror.port));
  const client = await rig.client();
  client.send('POST /a HTTP/1.1\r\nX-One: 1\r\nhOst: orders\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await rig.until(() => texts[1].includes('abc'), 'the first chunk');
  client.send('2\r\nde\r\n0\r\n\r\n');
  await rig.until(() => client.text.endsWith('main') && results(rig, 'answered') === 1, 'both answers');
  t.equal(texts[0], texts[1]);
  t.match(texts[1], /^POST \/a HTTP\/1\.1\r\nX-One: 1\r\nhOst: orders\r\n/);
  await check(t, rig);
});

t.test('a share of the requests', async (t) => {
  const rig = new ProxyRig();
  const seen: Seen[] = [];
  const [main, mirror] = [await serve(rig, 'main'), await serve(rig, 'mirror', seen)];
  let n = 0;
  Object.assign(rig.context, { random: () => (n++ % 10) / 10 });
  rig.service(mirrored(main.port, mirror.port, 30));
  const session = await connectHttp2(rig);
  for (let i = 0; i < 60; i++) t.equal((await ask(session)).body, 'main');
  await rig.until(() => results(rig, 'answered') === seen.length, 'the copies');
  t.ok(seen.length > 0 && seen.length < 60, `${seen.length} of 60`);
  await check(t, rig);
});

t.test('a mirror that is dead, or that never answers, is not felt', async (t) => {
  const rig = new ProxyRig();
  const main = await serve(rig, 'main');
  rig.service(mirrored(main.port, await closedPort()));
  const session = await connectHttp2(rig);
  for (let i = 0; i < 5; i++) t.equal((await ask(session, { ':method': 'POST' }, 'x')).body, 'main');
  await rig.until(() => results(rig, 'failed') === 5, 'their failures');
  const silent = await serveHttp2(rig, () => {});
  rig.service({ ...mirrored(main.port, silent.port), version: { epoch: 1, gen: 2, hash: 'y' } });
  const watch = startWatch();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask(session, { ':method': 'POST' }, 'y'.repeat(200_000))),
  );
  t.ok(answers.every(({ body }) => body === 'main'));
  t.ok(watch.quietMs() < 5_000);
  await rig.until(() => results(rig, 'dropped') > 0, 'what it does not take is dropped');
  session.destroy();
  for (const server of silent.sessions) server.destroy();
  await rig.until(() => results(rig, 'dropped') + results(rig, 'failed') === 25, 'the end of all');
  await check(t, rig);
});

t.test('a request that its client gives up half-way is given up at the mirror', async (t) => {
  const rig = new ProxyRig();
  const ended: string[] = [];
  const half = (name: string) => rig.serve((socket) => socket.on('data', () => {}).on('error', () => ended.push(name)));
  const [main, mirror] = [await half('main'), await half('mirror')];
  rig.service(mirrored(main.port, mirror.port));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  await rig.until(() => main.sockets.length + mirror.sockets.length === 2, 'both connections');
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.destroy();
  await rig.until(() => results(rig, 'dropped') === 1, 'the mirror');
  await rig.until(() => ended.length === 2, 'both ends');
  await check(t, rig);
});

t.test('trailers of HTTP/1.1 are spelled as HTTP/2 wants them in the copy', async (t) => {
  const rig = new ProxyRig();
  let seen: Record<string, unknown> | null = null;
  const main = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmain')),
  );
  const mirror = await serveHttp2(rig, (stream) => {
    stream.on('trailers', (trailers) => {
      seen = { ...trailers };
    });
    stream.on('data', () => {}).on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
  });
  const view = mirrored(main.port, mirror.port);
  const shadow = { ...view.clusters['shop/shadow:80'], protocol: 'http2' } as (typeof view.clusters)['shop/shadow:80'];
  rig.service({ ...view, clusters: { ...view.clusters, 'shop/shadow:80': shadow } });
  const client = await rig.client();
  client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n');
  await rig.until(() => client.text.endsWith('main'), 'the answer');
  await rig.until(() => results(rig, 'answered') + results(rig, 'failed') === 1, 'the copy');
  t.equal(results(rig, 'answered'), 1);
  t.match(seen, { 'x-sum': '1' });
  await check(t, rig);
});

t.test('a copy that is too large for its protocol takes up no stream', async (t) => {
  const rig = new ProxyRig();
  let text = '';
  const main = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      text = '';
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmain');
    }),
  );
  const mirror = await serveHttp2(rig, (stream) => stream.respond({ ':status': 204 }, { endStream: true }));
  const view = mirrored(main.port, mirror.port);
  const shadow = { ...view.clusters['shop/shadow:80'], protocol: 'http2' } as (typeof view.clusters)['shop/shadow:80'];
  rig.service({ ...view, clusters: { ...view.clusters, 'shop/shadow:80': shadow } });
  const client = await rig.client();
  for (let i = 0; i < 3; i++) {
    client.clear();
    client.send(`GET /a HTTP/1.1\r\nHost: a\r\n${`X: ${'y'.repeat(16_000)}\r\n`.repeat(4)}\r\n`);
    await rig.until(() => client.text.endsWith('main'), 'the answer');
  }
  await rig.until(() => results(rig, 'answered') + results(rig, 'failed') === 3, 'the copies');
  for (const { http2 } of rig.context.outbound.all()) if (http2 !== null) t.equal(http2.openStreams, 0);
  await check(t, rig);
});
