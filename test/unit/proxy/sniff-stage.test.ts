import { createServer, type ServerHttp2Stream } from 'node:http2';
import t, { type Test } from 'tap';
import { address, ProxyRig, serviceView } from '../../helpers/proxy-rig.ts';

async function check(t: Test, rig: ProxyRig): Promise<void> {
  const { errors, internal, chunks } = await rig.end();
  t.same(errors, [], 'no handler failed');
  t.equal(internal, 0, 'every record was closed once');
  t.equal(chunks, 0, 'no buffer is left in use');
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

t.test('a server that speaks first is heard after 10 ms of silence, and at once the next time', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.write('220 banner\r\n');
    socket.on('end', () => socket.end()).resume();
  });
  rig.destination = address('127.0.0.1', port);
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    const client = await rig.client();
    const from = performance.now();
    await rig.until(() => client.text === '220 banner\r\n', 'the banner');
    waits.push(performance.now() - from);
    client.socket.destroy();
  }
  t.ok(waits[0] >= 8, `the first banner took ${waits[0].toFixed(1)} ms`);
  t.ok(Math.min(...waits.slice(1)) < 8, `later ones took ${waits.slice(1).map((w) => w.toFixed(1))} ms`);
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'opaque', reason: 'server-first' }), 5);
  await rig.until(() => rig.closed.length === 5, 'the records');
  await check(t, rig);
});

t.test(
  'late bytes of a silent HTTP client are still served as HTTP, on the connection dialled meanwhile',
  async (t) => {
    const rig = new ProxyRig();
    const { port, sockets } = await rig.serve((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
    );
    rig.destination = address('127.0.0.1', port);
    const client = await rig.client();
    await pause(60);
    t.equal(sockets.length, 1, 'dialled in parallel');
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await rig.until(() => client.text.includes('200 OK'), 'the answer');
    t.equal(sockets.length, 1, 'and used for the request');
    t.equal(rig.count('towpath_verdicts_total', { verdict: 'http1', reason: 'client-bytes' }), 1);
    await check(t, rig);
  },
);

t.test('a destination remembered as server-first still gets its HTTP clients sniffed', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  rig.destination = address('127.0.0.1', port);
  rig.context.serverFirst.remember(rig.destination);
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('200 OK'), 'the answer');
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'http1' }), 1);
  t.notOk(rig.context.serverFirst.has(rig.destination), 'and forgotten');
  await check(t, rig);
});

t.test('a client that says nothing to a closed port is reset', async (t) => {
  const rig = new ProxyRig();
  const dead = await rig.serve(() => {});
  await new Promise((resolve) => dead.server.close(resolve));
  rig.destination = address('127.0.0.1', dead.port);
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(client.error?.code, 'ECONNRESET');
  t.equal(rig.closed[0].ending, 'unreachable');
  t.equal(rig.closed[0].record.flag, 'UF');
  await check(t, rig);
});

for (const [name, bytes, verdict] of [
  ['TLS', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00', 'tls'],
  ['a Redis command', '*1\r\n$4\r\nPING\r\n', 'opaque'],
] as const) {
  t.test(`${name} is recognised, whole and byte by byte, and relayed unread`, async (t) => {
    for (const step of [bytes.length, 1]) {
      const rig = new ProxyRig();
      const { port } = await rig.serve((socket) => {
        socket.on('data', (chunk) => socket.write(chunk));
        socket.on('end', () => socket.end());
      });
      rig.service(serviceView([port]));
      const client = await rig.client();
      for (let i = 0; i < bytes.length; i += step) {
        client.send(Buffer.from(bytes.slice(i, i + step), 'latin1'));
        await pause(2);
      }
      await rig.until(() => client.text === bytes, 'the echo');
      client.socket.end();
      await rig.until(() => rig.closed.length === 1, 'the record');
      t.equal(rig.closed[0].ending, 'closed');
      t.equal(rig.count('towpath_verdicts_total', { verdict }), 1);
      await check(t, rig);
    }
  });
}

t.test('an unfinished first word that goes on no further is opaque after a quarter of a second', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', (chunk) => socket.write(`got ${chunk}`)));
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  client.send('hello');
  await rig.until(() => client.text === 'got hello', 'the answer');
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'opaque', reason: 'undecided' }), 1);
  await check(t, rig);
});

t.test('a service dialled before its view is here is asked for, and its connections wait', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const view = serviceView([port]);
  rig.context.table.setDirectory([{ namespace: 'shop', name: 'orders', virtualIps: ['240.0.0.1'], ports: [80] }]);
  rig.destination = address('240.0.0.1', 80);
  const clients = await Promise.all([rig.client(), rig.client(), rig.client()]);
  for (const client of clients) client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await pause(30);
  t.same(rig.needed, ['shop/orders'], 'asked for once');
  rig.service(view);
  rig.waiters.settle('shop/orders', true);
  await rig.until(() => clients.every((c) => c.text.includes('200 OK')), 'the answers');
  await check(t, rig);
});

t.test('a view that never comes ends the wait with a reset', async (t) => {
  const rig = new ProxyRig({ viewTimeoutMs: 100 });
  rig.context.table.setDirectory([{ namespace: 'shop', name: 'orders', virtualIps: ['240.0.0.1'], ports: [80] }]);
  rig.destination = address('240.0.0.1', 80);
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(rig.closed[0].record.flag, 'UH');
  await check(t, rig);
});

t.test('a loop to our own listener and a connection that was not redirected are refused', async (t) => {
  const rig = new ProxyRig();
  rig.destination = address('127.0.0.1', 15001);
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(rig.closed[0].ending, 'refused');
  await check(t, rig);
});

t.test('a long burst behind a first word that decided nothing arrives whole', async (t) => {
  for (const first of ['abc', 'GET /a HTTP/1.1']) {
    const rig = new ProxyRig();
    let got = '';
    const { port } = await rig.serve((socket) =>
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
      }),
    );
    rig.destination = address('127.0.0.1', port);
    const client = await rig.client();
    client.send(first);
    await pause(30);
    const isHttp = first !== 'abc';
    const body = 'b'.repeat(200_000);
    const rest = isHttp ? `\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}` : body;
    client.send(rest);
    await rig.until(() => got.length >= first.length + rest.length, 'every byte');
    t.ok(got === first + rest, 'unchanged and in order');
    t.equal(rig.count('towpath_verdicts_total', { verdict: isHttp ? 'http1' : 'opaque' }), 1);
    client.socket.destroy();
    await check(t, rig);
  }
});

t.test('a silent client of a service with one dead endpoint hears the other one speak', async (t) => {
  const rig = new ProxyRig();
  const dead = await rig.serve(() => {});
  await new Promise((resolve) => dead.server.close(resolve));
  const { port } = await rig.serve((socket) => {
    socket.write('220 banner\r\n');
    socket.on('end', () => socket.end()).resume();
  });
  rig.service(serviceView([dead.port, port]));
  for (let i = 0; i < 6; i++) {
    const client = await rig.client();
    await rig.until(() => client.text === '220 banner\r\n', 'the banner');
    client.socket.destroy();
  }
  await rig.until(() => rig.closed.length === 6, 'the records');
  t.same(
    rig.closed.map(({ record }) => record.endpoint),
    Array(6).fill(`127.0.0.1:${port}`),
  );
  await check(t, rig);
});

t.test('a silent client of a service whose endpoints are all dead is reset', async (t) => {
  const rig = new ProxyRig();
  const dead = await Promise.all([rig.serve(() => {}), rig.serve(() => {})]);
  await Promise.all(dead.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  rig.service(serviceView(dead.map(({ port }) => port)));
  const client = await rig.client();
  await rig.until(() => client.error !== null, 'the reset');
  t.equal(rig.closed[0].ending, 'unreachable');
  t.equal(rig.closed[0].record.flag, 'UF');
  await check(t, rig);
});

t.test('a client that goes away while it waits for a view, or while it is silent, leaves nothing behind', async (t) => {
  const rig = new ProxyRig({ viewTimeoutMs: 200 });
  const { port, sockets } = await rig.serve(() => {});
  rig.context.table.setDirectory([{ namespace: 'shop', name: 'orders', virtualIps: ['240.0.0.1'], ports: [80] }]);
  rig.destination = address('240.0.0.1', 80);
  const waiting = await rig.client();
  await pause(20);
  waiting.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 1, 'its record');
  rig.destination = address('127.0.0.1', port);
  const silent = await rig.client();
  await rig.until(() => sockets.length === 1, 'the parallel dial');
  silent.socket.resetAndDestroy();
  await rig.until(() => rig.closed.length === 2, 'its record');
  t.same(
    rig.closed.map(({ ending }) => ending),
    ['reset', 'reset'],
  );
  await rig.until(() => rig.reactor.openSockets === 0, 'no socket is left');
  await check(t, rig);
});

t.test('a virtual address that no service has is refused, not dialled', async (t) => {
  const rig = new ProxyRig();
  for (const ip of ['240.240.7.7', 'fd00:240::7']) {
    rig.destination = address(ip, 80);
    const client = await rig.client();
    await rig.until(() => client.error !== null, 'the reset');
    t.equal(rig.closed.at(-1)?.record.flag, 'NR');
    t.equal(rig.closed.at(-1)?.ending, 'refused');
  }
  await check(t, rig);
});

t.test('an HTTP/2 server that sends its SETTINGS to a silent client does not make the connection opaque', async (t) => {
  const rig = new ProxyRig();
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 });
    stream.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  rig.destination = address('127.0.0.1', bound.port);
  const client = await rig.client();
  await pause(80);
  t.equal(rig.count('towpath_verdicts_total', {}), 0, 'nothing is decided yet');
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  await rig.until(
    () => rig.count('towpath_verdicts_total', { verdict: 'http2', reason: 'client-bytes' }) === 1,
    'the verdict',
  );
  await rig.until(() => client.text.length >= 9, 'SETTINGS');
  t.equal(rig.count('towpath_verdicts_total', { reason: 'server-first' }), 0);
  client.socket.destroy();
  await rig.until(() => rig.closed.length === 1, 'the record');
  server.close();
  await check(t, rig);
});

t.test('a silent client of an endpoint that has a kept-alive connection causes no other', async (t) => {
  const rig = new ProxyRig();
  const { port, sockets } = await rig.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  rig.destination = address('127.0.0.1', port);
  for (let i = 0; i < 3; i++) {
    const client = await rig.client();
    if (i > 0) await pause(60);
    client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await rig.until(() => client.ended, 'the answer');
  }
  t.equal(sockets.length, 1);
  t.equal(rig.count('towpath_verdicts_total', { verdict: 'http1', reason: 'client-bytes' }), 3);
  await check(t, rig);
});
