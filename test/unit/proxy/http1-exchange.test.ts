import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: orders\r\n\r\n';

/** Answers each request head it sees with `answer`; bodies are not read apart. */
function answering(
  answer: string | ((head: string, n: number) => string | null),
  seen: string[] = [],
): (socket: Socket) => void {
  let n = 0;
  return (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let at = text.indexOf('\r\n\r\n'); at >= 0; at = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, at + 4);
        text = text.slice(at + 4);
        seen.push(head);
        const reply = typeof answer === 'string' ? answer : answer(head, ++n);
        if (reply !== null) socket.write(reply, 'latin1');
      }
    });
    socket.on('end', () => socket.end());
  };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Case: KePt\r\n\r\nok';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

t.test('a request to a service is forwarded with a request id and answered byte for byte', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(answering(OK, seen));
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('GET /a?x=1 HTTP/1.1\r\nhOsT: orders\r\nX-Odd-Case:  two  \r\n\r\n');
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(client.text, OK);
  t.match(
    seen[0],
    /^GET \/a\?x=1 HTTP\/1\.1\r\nhOsT: orders\r\nX-Odd-Case: {2}two {2}\r\nx-request-id: [0-9a-f]{24}\r\n\r\n$/,
  );
  t.equal(rig.count('towpath_requests_total', { side: 'outbound', service: 'shop/orders', code: '200', flags: '' }), 1);
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.closed[0].ending, 'closed');
  t.equal(rig.closed[0].record.verdict, 'http1');
  await check(t, rig);
});

t.test('a request to an original destination is not edited at all', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(answering(OK, seen));
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n');
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(seen[0], 'GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n');
  await check(t, rig);
});

t.test('pipelined requests are answered in order, one at a time, over one upstream connection', async (t) => {
  const rig = new ProxyRig();
  const { port, sockets } = await rig.serve(
    answering((head) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${/GET \/(..)/.exec(head)?.[1] ?? '??'}`),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(
    Array.from({ length: 20 }, (_, i) => `GET /${String(i).padStart(2, '0')} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
  );
  await rig.until(() => (client.text.match(/200 OK/g) ?? []).length === 20, '20 answers');
  t.equal(
    client.text.replace(/HTTP.*\r\n.*\r\n\r\n/g, ','),
    `,${Array.from({ length: 20 }, (_, i) => String(i).padStart(2, '0')).join(',')}`,
  );
  t.equal(sockets.length, 1);
  await check(t, rig);
});

t.test('a head that arrives byte by byte is understood, as is an answer that does', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.on('data', async () => {
      for (const c of 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc') {
        socket.write(c);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  });
  rig.service(serviceView([port], { protocol: 'http1' }));
  const client = await rig.client();
  for (const c of GET) {
    client.send(c);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await rig.until(() => client.text.endsWith('abc'), 'the answer');
  await check(t, rig);
});

t.test('chunked bodies pass both ways, with trailers', async (t) => {
  const rig = new ProxyRig();
  let got = '';
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (got.endsWith('0\r\nX-T: 1\r\n\r\n'))
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-U: 2\r\n\r\n');
    });
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  client.send('6;ext=1\r\n world\r\n0\r\nX-T: 1\r\n\r\n');
  await rig.until(() => client.text.endsWith('0\r\nX-U: 2\r\n\r\n'), 'the answer with trailers');
  t.match(got, 'Transfer-Encoding: chunked\r\n');
  t.notMatch(got, 'ext=1', 'chunk extensions are dropped');
  client.clear();
  got = '';
  client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\n\r\n');
  await rig.until(() => client.text.endsWith('0\r\nX-U: 2\r\n\r\n'), 'a second one on the same connection');
  await check(t, rig);
});

t.test('HEAD, 204 and 304 have no body and the connection goes on', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve(
    answering((head) => {
      if (head.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n';
      return head.includes('/204')
        ? 'HTTP/1.1 204 No Content\r\n\r\n'
        : 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n';
    }),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(
    'HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /204 HTTP/1.1\r\nHost: x\r\n\r\nGET /304 HTTP/1.1\r\nHost: x\r\n\r\n',
  );
  await rig.until(() => client.text.includes('304 Not Modified\r\nContent-Length: 9\r\n\r\n'), 'three answers');
  t.match(client.text, /200 OK[\s\S]*204 No Content[\s\S]*304 Not Modified/);
  await check(t, rig);
});

t.test('1xx answers pass, and Expect: 100-continue works end to end', async (t) => {
  const rig = new ProxyRig();
  let got = '';
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => {
      const before = got;
      got += chunk.toString('latin1');
      if (before === '') socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
      if (got.endsWith('body!')) socket.write(OK);
    });
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  await rig.until(() => client.text.includes('100 Continue\r\n\r\n'), 'the interim answers');
  t.match(client.text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 100 Continue/);
  client.send('body!');
  await rig.until(() => client.text.endsWith('ok'), 'the final answer');
  t.match(got, 'Expect: 100-continue');
  await check(t, rig);
});

t.test('an upgrade becomes a tunnel only after 101, with bytes sent early held back', async (t) => {
  const rig = new ProxyRig();
  let got = '';
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (got.endsWith('\r\n\r\n'))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi');
      if (got.endsWith('EARLY')) socket.write('echo:EARLY');
    });
    socket.on('end', () => socket.end('bye'));
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nEARLY');
  await rig.until(() => client.text.endsWith('echo:EARLY'), 'the tunnel');
  t.match(client.text, /101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhiecho:EARLY$/);
  client.socket.end();
  await rig.until(() => client.ended && client.text.endsWith('bye'), 'half-close through the tunnel');
  await rig.until(() => rig.closed.length === 1, 'the record');
  t.equal(rig.count('towpath_requests_total', { code: '101' }), 1);
  await check(t, rig);
});

t.test('CONNECT to an original destination tunnels after 2xx', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      socket.write(text.startsWith('CONNECT') ? 'HTTP/1.1 200 Connection established\r\n\r\n' : `echo:${text}`);
    });
    socket.on('end', () => socket.end());
  });
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
  await rig.until(() => client.text.endsWith('established\r\n\r\n'), 'the tunnel');
  client.send('raw');
  await rig.until(() => client.text.endsWith('echo:raw'), 'bytes through it');
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the record');
  await check(t, rig);
});

t.test('a body that ends with the connection is passed on and the client connection closed', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /Connection: close\r\n\r\nuntil the end$/i);
  await check(t, rig);
});

for (const [how, cut] of [
  ['FIN', (socket: Socket) => socket.end()],
  ['RST', (socket: Socket) => socket.resetAndDestroy()],
] as const) {
  t.test(`an answer cut by ${how} looks cut to the client`, async (t) => {
    const rig = new ProxyRig();
    const { port } = await rig.serve((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
        setTimeout(() => cut(socket), 10);
      }),
    );
    rig.service(serviceView([port]));
    const client = await rig.client();
    client.send(GET);
    await rig.until(() => client.closed || client.ended, 'the end');
    await rig.until(() => client.error !== null, 'a reset');
    t.equal(client.error?.code, 'ECONNRESET');
    t.equal(rig.count('towpath_requests_total', { flags: 'UC' }), 1);
    await check(t, rig);
  });
}

t.test('a pooled connection that the server closed costs no safe request', async (t) => {
  const rig = new ProxyRig();
  let connections = 0;
  const { port } = await rig.serve((socket) => {
    connections++;
    let requests = 0;
    // Answers once and closes without a word when the second request arrives: the keep-alive race, provoked every time.
    socket.on('data', () => (++requests === 1 ? socket.write(OK) : socket.destroy()));
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  for (let i = 1; i <= 5; i++) {
    client.send(GET);
    await rig.until(() => (client.text.match(/200 OK/g) ?? []).length === i, `answer ${i}`);
  }
  t.equal(connections, 5);
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 5);
  await check(t, rig);
});

t.test('a POST is never sent twice: a lost one is answered 503 UC', async (t) => {
  const rig = new ProxyRig();
  let posts = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      if (!chunk.toString().startsWith('POST')) return socket.write(OK);
      posts++;
      return socket.destroy();
    }),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'a first answer, so that the connection is pooled');
  client.clear();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi');
  await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
  t.match(client.text, /^HTTP\/1\.1 503 .*\r\n[\s\S]*x-towpath-error: UC/);
  t.equal(posts, 1);
  await check(t, rig);
});

t.test('a refused endpoint is passed over for the next, and with none left the answer says so', async (t) => {
  const rig = new ProxyRig();
  const dead = await rig.serve(() => {});
  await new Promise((resolve) => dead.server.close(resolve));
  const { port } = await rig.serve(answering(OK));
  rig.service(serviceView([dead.port, port]));
  const client = await rig.client();
  for (let i = 1; i <= 10; i++) {
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await rig.until(() => (client.text.match(/200 OK/g) ?? []).length === i, `answer ${i}`);
  }
  t.equal(
    rig.count('towpath_requests_total', { code: '200' }),
    10,
    'a request that was not delivered is safe to send elsewhere',
  );
  rig.service(serviceView([dead.port], {}, { version: { epoch: 1, gen: 2, hash: 'y' } }));
  client.clear();
  client.send(GET);
  await rig.until(() => client.text.includes('\r\n\r\n'), 'an answer');
  t.match(
    client.text,
    /^HTTP\/1\.1 503 [\s\S]*x-towpath-error: UF[\s\S]*cannot connect to 127\.0\.0\.1:\d+ .*connection refused/,
  );
  await check(t, rig);
});

t.test('a refused original destination resets the client instead of answering', async (t) => {
  const rig = new ProxyRig();
  const dead = await rig.serve(() => {});
  await new Promise((resolve) => dead.server.close(resolve));
  rig.destination = address('127.0.0.1', dead.port);
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(client.error?.code, 'ECONNRESET');
  t.equal(client.text, '');
  t.equal(rig.closed[0].ending, 'unreachable');
  await check(t, rig);
});

t.test('requests that must be refused are: 400 and the connection closes, nothing is forwarded', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(answering(OK, seen));
  rig.service(serviceView([port], { protocol: 'http1' }));
  for (const bad of [
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET  / HTTP/1.1\r\nHost: x\r\n\r\n',
    'hello\r\n\r\n',
  ]) {
    const client = await rig.client();
    client.send(bad);
    await rig.until(() => client.ended, 'the end');
    t.match(client.text, /^HTTP\/1\.1 400 /, JSON.stringify(bad));
    client.socket.end();
  }
  t.same(seen, []);
  await check(t, rig);
});

t.test('a client that half-closes after its request still gets the answer', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', () => setTimeout(() => socket.write(OK), 30)));
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.socket.end(GET);
  await rig.until(() => client.ended, 'the end');
  t.equal(client.text.replace('Connection: close\r\n', ''), OK);
  await check(t, rig);
});

t.test('a client that goes away in the middle frees the endpoint at once', async (t) => {
  const rig = new ProxyRig();
  let upstreamClosed = false;
  const { port } = await rig.serve((socket) => {
    socket.on('data', () => {});
    socket.on('close', () => {
      upstreamClosed = true;
    });
  });
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.resetAndDestroy();
  await rig.until(() => upstreamClosed, 'the upstream connection to close');
  t.equal(rig.count('towpath_requests_total', { flags: 'DC' }), 1);
  t.equal([...rig.context.outbound.all()].find((e) => e.address.port === port)?.active, 0);
  await check(t, rig);
});

t.test('a large body reaches a slow reader whole, with little held in the proxy', async (t) => {
  const rig = new ProxyRig();
  const size = 20_000_000;
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size, 'x'));
    }),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.socket.pause();
  client.send(GET);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.ok(rig.reactor.slab.chunksInUse <= 4, `${rig.reactor.slab.chunksInUse} chunks held while nobody reads`);
  client.socket.resume();
  await rig.until(() => client.bytes > size, 'the whole body');
  t.equal(client.text.indexOf('\r\n\r\n') + 4 + size, client.bytes);
  await check(t, rig);
});

t.test('an early answer to an unfinished upload is delivered and the connection closed', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')),
  );
  rig.service(serviceView([port]));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n');
  client.send(Buffer.alloc(200_000, 'u'));
  await rig.until(() => client.ended, 'the end');
  t.match(client.text, /^HTTP\/1\.1 413 [\s\S]*Connection: close\r\n\r\nno$/i);
  await check(t, rig);
});

t.test('what a local program has read and hung up on is told to the client, not asked again', async (t) => {
  const rig = new ProxyRig();
  rig.side = 'inbound';
  const seen: string[] = [];
  const { port, sockets } = await rig.serve(
    answering((_head, n) => {
      if (n === 1) return OK;
      sockets[0].end();
      return null;
    }, seen),
  );
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send(GET);
  await rig.until(() => client.text.endsWith('ok'), 'a first answer, so that the connection is pooled');
  client.send(GET);
  await rig.until(() => client.ended || client.closed, 'the end');
  t.equal(seen.length, 2, 'the second request came once');
  await check(t, rig);
});
