/** Exchanges under the conditions that break proxies: split heads, pipelining, early ends, excess bytes, refused tunnels. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { HttpRoutingView } from '../../../src/contract/views.ts';
import { address, ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const endpoints = [...rig.context.outbound.all()];
  await rig.until(() => endpoints.every((e) => e.active === 0), 'no request is in flight any more').catch(() => {});
  t.same(
    endpoints.map((e) => e.active),
    endpoints.map(() => 0),
    'every endpoint is idle',
  );
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const heads = (client: RigClient): number => (client.text.match(/HTTP\/1\.1 \d\d\d/g) ?? []).length;

/** Reads requests whose bodies have a Content-Length, and answers each with what `answer` returns. */
function reading(answer: (head: string, body: number, socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    let have = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      have = Buffer.concat([have, chunk]);
      for (;;) {
        const at = have.indexOf('\r\n\r\n');
        if (at < 0) return;
        const head = have.toString('latin1', 0, at + 4);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (have.length < at + 4 + length) return;
        have = have.subarray(at + 4 + length);
        answer(head, length, socket);
      }
    });
    socket.on('end', () => socket.end());
  };
}

t.test('a request head in two pieces, the second with a large body, is understood', async (t) => {
  const rig = new ProxyRig();
  let got = 0;
  const { port } = await rig.serve(
    reading((_head, body, socket) => {
      got = body;
      socket.write(OK);
    }),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\n');
  await pause(20);
  const size = 300_000;
  client.send(Buffer.concat([Buffer.from(`Content-Length: ${size}\r\n\r\n`), Buffer.alloc(size, 'b')]));
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(heads(client), 1);
  t.match(client.text, /^HTTP\/1\.1 200/);
  t.equal(got, size);
  await check(t, rig);
});

t.test(
  'an answer head in two pieces, the second with a large body, is understood, and the connection reused',
  async (t) => {
    const rig = new ProxyRig();
    const size = 300_000;
    const { port, sockets } = await rig.serve((socket) =>
      socket.on('data', async () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        await pause(20);
        socket.write(Buffer.concat([Buffer.from(`Content-Length: ${size}\r\n\r\n`), Buffer.alloc(size, 'b')]));
      }),
    );
    rig.service(serviceView([port]));
    const client = await rig.client();
    for (let i = 1; i <= 2; i++) {
      client.clear();
      client.send(GET);
      await rig.until(() => client.bytes >= size && client.text.endsWith('b'), `answer ${i}`);
      t.match(client.text, /^HTTP\/1\.1 200/);
      t.equal(client.bytes - client.text.indexOf('\r\n\r\n') - 4, size);
    }
    t.equal(sockets.length, 1);
    await check(t, rig);
  },
);

t.test('bytes behind a complete answer poison their connection, also when its head came in pieces', async (t) => {
  for (const split of [false, true]) {
    const rig = new ProxyRig();
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    const { port, sockets } = await rig.serve((socket) =>
      socket.on('data', async () => {
        if (split) {
          socket.write(OK.slice(0, 10));
          await pause(20);
        }
        socket.write((split ? OK.slice(10) : OK) + evil.padEnd(100_000, 'x'));
      }),
    );
    rig.service(serviceView([port]));
    const client = await rig.client();
    client.send(GET + GET);
    await rig.until(() => heads(client) === 2, 'two answers');
    await pause(20);
    t.notMatch(client.text, 'evil');
    t.equal(sockets.length, 2, 'the second request had a connection of its own');
    await check(t, rig);
  }
});

t.test('thousands of small pipelined requests, cut anywhere by the reads, are all answered', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(
    reading((head, _body, socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${/\/(\d+)/.exec(head)?.[1]}`),
    ),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  const count = 6000;
  client.send(Array.from({ length: count }, (_, i) => `GET /${1000 + i} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await rig.until(() => heads(client) >= count, `${count} answers`, 10_000);
  const order = [...client.text.matchAll(/\r\n\r\n(\d{4})/g)].map((m) => Number(m[1]));
  t.same(
    order,
    Array.from({ length: count }, (_, i) => 1000 + i),
    'in order, none refused',
  );
  await check(t, rig);
});

t.test('a pipelined upload that goes on behind the bytes kept is read to its end', async (t) => {
  const rig = new ProxyRig();
  const bodies: number[] = [];
  const { port } = await rig.serve(
    reading((_head, body, socket) => {
      bodies.push(body);
      setTimeout(() => socket.write(OK), 20);
    }),
  );
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  const size = 500_000;
  client.send(GET);
  await pause(5);
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\nfirst`);
  await pause(5);
  client.send(Buffer.alloc(size - 5, 'u'));
  client.send(GET);
  await rig.until(() => heads(client) === 3, 'three answers');
  t.same(bodies, [0, size, 0]);
  await check(t, rig);
});

t.test('a client that pipelines and never reads holds one answer in our memory, not thousands', async (t) => {
  const rig = new ProxyRig();
  const body = 'z'.repeat(60_000);
  const { port } = await rig.serve(
    reading((_head, _body, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.socket.pause();
  const count = 200;
  client.send(GET.repeat(count));
  await pause(500);
  t.ok(rig.reactor.slab.chunksInUse <= 6, `${rig.reactor.slab.chunksInUse} chunks are held`);
  client.socket.resume();
  await rig.until(() => client.bytes > count * body.length, 'the answers once it reads');
  await rig.until(() => heads(client) === count, 'every one');
  await check(t, rig);
});

t.test('own answers to a client that pipelines and never reads are bounded as well', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([], { protocol: 'http1' }));
  const client = await rig.client();
  client.socket.pause();
  const burst = GET.repeat(2000);
  for (let i = 0; i < 40; i++) client.send(burst);
  await pause(800);
  t.ok(rig.reactor.slab.chunksInUse <= 6, `${rig.reactor.slab.chunksInUse} chunks are held`);
  client.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 1, 'the record');
  await check(t, rig);
});

t.test('an interim answer passes without framing lines and without what concerns one hop', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () =>
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 9\r\n\r\n' +
          OK,
      ),
    ),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(client.text, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
  await check(t, rig);
});

t.test('a client of HTTP/1.0 sees no interim answer', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n' + OK)),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /^HTTP\/1\.1 200 OK\r\n/);
  await check(t, rig);
});

t.test('what a client sends behind a refused CONNECT is never taken for a request', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(
    reading((head, _body, socket) => {
      seen.push(head);
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    }),
  );
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${GET}`);
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /^HTTP\/1\.1 403 [\s\S]*connection: close[\s\S]*no$/i);
  t.equal(seen.length, 1);
  await check(t, rig);
});

t.test('nor behind a CONNECT that we refuse ourselves', async (t) => {
  const rig = new ProxyRig();
  rig.service(serviceView([], { protocol: 'http1' }));
  const client = await rig.client();
  client.send(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${GET}`);
  await rig.until(() => client.ended, 'the end');
  t.equal(heads(client), 1);
  t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*connection: close/);
  await check(t, rig);
});

t.test('a refused upgrade goes on as HTTP', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(reading((_head, _body, socket) => socket.write(OK)));
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(`GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${GET}`);
  await rig.until(() => heads(client) === 2, 'two answers');
  await check(t, rig);
});

for (const framing of ['length', 'chunked', 'until close'] as const) {
  t.test(`an answer (${framing}) that the route's timeout cuts looks cut`, async (t) => {
    const rig = new ProxyRig();
    const head = { length: 'Content-Length: 100\r\n', chunked: 'Transfer-Encoding: chunked\r\n', 'until close': '' }[
      framing
    ];
    const body = framing === 'chunked' ? '4\r\npart\r\n' : 'part';
    const { port } = await rig.serve((socket) =>
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`)),
    );
    rig.service(serviceView([port], { http: routing(100) }));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.closed || client.ended, 'the end');
    t.match(client.text, /part/);
    await rig.until(() => client.error !== null, 'a reset');
    t.equal(rig.count('towpath_requests_total', { flags: 'UT', code: '200' }), 1);
    await check(t, rig);
  });
}

t.test(
  'a request without an answer in time gets 504, its duration is counted, and the connection goes on',
  async (t) => {
    const rig = new ProxyRig();
    const { port } = await rig.serve((socket) => socket.resume());
    rig.service(serviceView([port], { http: routing(100) }));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
    t.match(client.text, /^HTTP\/1\.1 504 [\s\S]*x-towpath-error: UT[\s\S]*within 100 ms \(route shop\/r\/0\)/);
    t.match(client.text, /connection: keep-alive\r\n/);
    t.ok(rig.count('towpath_request_duration_seconds_sum') >= 0.1, 'with the time it took');
    client.send(GET);
    await rig.until(() => heads(client) === 2, 'a second answer');
    await check(t, rig);
  },
);

t.test('a kept-alive connection that got an answer of our own still ends when it stays idle', async (t) => {
  const rig = new ProxyRig({ clientIdleMs: 200, headTimeoutMs: 60_000 });
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.destroy()));
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => heads(client) === 1, 'the 503');
  t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*connection: keep-alive/);
  await rig.until(() => client.ended, 'the end of the idle connection');
  t.equal(rig.closed[0].ending, 'timeout');
  await check(t, rig);
});

t.test('a head that is not complete in time is answered 408, however slowly it drips', async (t) => {
  const rig = new ProxyRig({ headTimeoutMs: 200 });
  const { port } = await rig.serve((socket) => socket.resume());
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  client.socket.on('error', () => {});
  let ended = false;
  void once(client.socket, 'end').then(() => {
    ended = true;
  });
  for (let i = 0; i < 60 && !ended; i++) {
    client.send(i === 0 ? 'GET / HTTP/1.1\r\nA: ' : 'x');
    await pause(20);
  }
  t.ok(ended, 'cut off');
  t.match(client.text, /^HTTP\/1\.1 408 /);
  t.equal(rig.closed[0].ending, 'timeout');
  await check(t, rig);
});

t.test('a malformed first chunk of an answer gives 502, a later one a reset; both are counted once', async (t) => {
  for (const late of [false, true]) {
    const rig = new ProxyRig();
    const { port } = await rig.serve((socket) =>
      socket.on('data', async () => {
        const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
        if (!late) return socket.write(`${head}zz\r\n`);
        socket.write(`${head}2\r\nok\r\n`);
        await pause(20);
        return socket.write('zz\r\n');
      }),
    );
    rig.service(serviceView([port]));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => (late ? client.error !== null : heads(client) === 1), 'the end');
    if (!late) t.match(client.text, /^HTTP\/1\.1 502 [\s\S]*x-towpath-error: UPE/);
    t.equal(rig.count('towpath_requests_total'), 1);
    t.equal(rig.count('towpath_requests_total', { flags: 'UPE' }), 1);
    await check(t, rig);
  }
});

t.test('a malformed chunk of a request gives 400 and its endpoint a reset', async (t) => {
  const rig = new ProxyRig();
  let error = '';
  const { port } = await rig.serve((socket) => {
    socket.resume();
    socket.on('error', (e: Error & { code?: string }) => {
      error = e.code ?? '';
    });
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
  await pause(20);
  client.send('zz\r\n');
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /^HTTP\/1\.1 400 [\s\S]*connection: close/);
  await rig.until(() => error !== '', 'the reset of the endpoint');
  t.equal(error, 'ECONNRESET');
  await check(t, rig);
});

t.test('an upload cut by the client is cut for the endpoint, never ended', async (t) => {
  const rig = new ProxyRig();
  let error = '';
  let ended = false;
  const { port } = await rig.serve((socket) => {
    socket.resume();
    socket.on('end', () => {
      ended = true;
    });
    socket.on('error', (e: Error & { code?: string }) => {
      error = e.code ?? '';
    });
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  await pause(20);
  client.socket.end();
  await rig.until(() => error !== '', 'the reset of the endpoint');
  t.notOk(ended);
  await check(t, rig);
});

t.test('running out of buffers in the middle of an answer looks cut, and counts once', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', async () => {
      socket.write('HTTP/1.1 200 OK\r\n');
      await pause(30);
      socket.write('A: b\r\n');
      await pause(30);
      socket.write('\r\n');
    }),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  await pause(30);
  const { slab } = rig.reactor;
  const held: number[] = [];
  while (slab.freeLargeChunks > 0 || slab.freeSmallChunks > 0)
    held.push(slab.allocate(slab.freeSmallChunks > 0 ? 4096 : 65536));
  client.send(GET);
  await rig.until(() => client.ended, 'the end');
  for (const chunk of held) slab.release(chunk);
  t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*x-towpath-error: UO[\s\S]*connection: close/);
  t.equal(rig.count('towpath_requests_total'), 1);
  await check(t, rig);
});

t.test('requests with a chunked body find no decoder left: 503, and all decoders come back', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.resume());
  rig.service(serviceView([port]));
  const post = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n';
  const clients = await Promise.all(Array.from({ length: 100 }, () => rig.client()));
  for (const client of clients) client.send(post);
  await rig.until(() => clients.some((c) => c.text.startsWith('HTTP/1.1 503')), 'a refusal');
  await pause(50);
  const refused = clients.filter((c) => c.text.startsWith('HTTP/1.1 503'));
  t.ok(refused.length > 0 && refused.length < 100, `${refused.length} of 100 were refused`);
  t.equal(rig.count('towpath_requests_total', { flags: 'UO' }), refused.length);
  for (const client of clients) client.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 100, 'the records');
  const later = await rig.client();
  later.send(post);
  await pause(50);
  t.equal(later.text, '', 'there is a decoder for the next one');
  later.socket.resetAndDestroy();
  await check(t, rig);
});

t.test(
  'while draining the answer of our own closes too, and a client in the middle of an answer is let go soon',
  async (t) => {
    const rig = new ProxyRig();
    rig.service(serviceView([], { protocol: 'http1' }));
    rig.draining = true;
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.ended, 'the end');
    t.match(client.text, /^HTTP\/1\.1 503 [\s\S]*connection: close/);
    await check(t, rig);
  },
);

t.test('a server that closes many pooled connections without a word costs no safe request', async (t) => {
  const rig = new ProxyRig();
  let dead = false;
  const { port, sockets } = await rig.serve((socket) =>
    socket.on('data', () =>
      dead && sockets.indexOf(socket) < 8 ? socket.resetAndDestroy() : setTimeout(() => socket.write(OK), 20),
    ),
  );
  rig.service(serviceView([port]));
  const clients = await Promise.all(Array.from({ length: 8 }, () => rig.client()));
  for (const client of clients) client.send(GET);
  await rig.until(() => clients.every((c) => heads(c) === 1), 'eight pooled connections');
  t.equal(sockets.length, 8);
  dead = true;
  for (const client of clients) client.send(GET);
  await rig.until(() => clients.every((c) => heads(c) === 2), 'eight more answers');
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 16);
  await check(t, rig);
});

function routing(requestTimeoutMs: number): HttpRoutingView {
  const backend = { cluster: 'shop/orders:80', weight: 1, requestHeaders: null };
  return {
    entries: [{ path: null, method: null, headers: [], query: [], action: 0 }],
    actions: [{ route: 'shop/r', rule: '0', backends: [backend], requestHeaders: null, requestTimeoutMs }],
  };
}
