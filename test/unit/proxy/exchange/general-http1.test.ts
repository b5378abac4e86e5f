/** HTTP/1.1 on both sides by way of the general exchange: nothing on the wire tells it from the fast path, but for what its rule does. */
import type { Socket } from 'node:net';
import t from 'tap';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { check, closedPort, ruledService } from '../support/http2-rig.ts';

const RETRY = { retry: { attempts: 2, codes: [503], backoffMs: 1 } };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Case: KePt\r\n\r\nok';
const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy';

/** Answers request n (from 1) of `length` bytes with the n-th answer, the last one for ever. */
function serving(answers: readonly string[], seen: string[], isWhole: (text: string) => boolean) {
  let n = 0;
  return (socket: Socket): void => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      seen.push(text);
      text = '';
      socket.write(answers[Math.min(n++, answers.length - 1)], 'latin1');
    });
    socket.on('end', () => socket.end());
  };
}

const endsWith =
  (end: string) =>
  (text: string): boolean =>
    text.endsWith(end);

const withoutId = (text: string): string => text.replace(/x-request-id: [0-9a-f]{24}\r\n/, '');

t.test('order, case and blanks of both heads, on every try', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port, sockets } = await rig.serve(serving([BUSY, OK], seen, endsWith('\r\n\r\n')));
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  const request = 'GET /a?x=1 HTTP/1.1\r\nX-Odd-Case:  two  \r\nhOsT: orders\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n';
  client.send(request);
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  t.equal(client.text, OK);
  t.equal(seen.length, 2);
  t.equal(seen[0], seen[1], 'even its id');
  t.match(seen[0], /x-request-id: [0-9a-f]{24}\r\n\r\n$/);
  t.equal(withoutId(seen[0]), request);
  t.equal(sockets.length, 1, 'the connection of the answer that was not passed on is used again');
  client.clear();
  client.send(request);
  await rig.until(() => client.text.endsWith('ok'), 'the next answer on the same connection');
  await check(t, rig);
});

t.test('bodies with a length, chunked ones and trailers, on every try', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const last = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Up: 2\r\n\r\n';
  const { port } = await rig.serve(serving([BUSY, last], seen, (text) => /X-T: 1\r\n\r\n$|=end$/.test(text)));
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  const chunked = '5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n';
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunked.slice(0, 12)}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.send(chunked.slice(12));
  await rig.until(() => client.text.endsWith('X-Up: 2\r\n\r\n'), 'the answer');
  t.equal(client.text, last);
  t.equal(seen.length, 2);
  const bodies = seen.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4));
  t.ok(bodies.every((body) => body.endsWith('0\r\nX-T: 1\r\n\r\n')));
  t.ok(bodies.every((body) => body.replace(/[0-9a-b]+\r\n|\r\n/g, '').startsWith('hello world')));
  t.ok(seen.every((text) => text.includes('Transfer-Encoding: chunked\r\n')));
  client.clear();
  client.send(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${'y'.repeat(4996)}=end`);
  await rig.until(() => client.text.endsWith('X-Up: 2\r\n\r\n'), 'the second answer');
  t.match(seen[2], /Content-Length: 5000\r\n.*\r\n\r\ny{4996}=end$/s);
  await check(t, rig);
});

t.test('a long body in both directions', async (t) => {
  const rig = new ProxyRig();
  const length = 3_000_000;
  let got = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < length) return;
      socket.write(`HTTP/1.1 503 Busy\r\nContent-Length: ${length}\r\n\r\n`);
      socket.write(Buffer.alloc(length, 'z'));
    }),
  );
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  client.send(Buffer.alloc(length, 'w'));
  await rig.until(() => client.bytes > length, 'the answer');
  await rig.until(() => client.text.length === client.text.indexOf('\r\n\r\n') + 4 + length, 'all of it');
  t.match(client.text.slice(0, 20), /503/, 'too much to be kept: it was sent once, and the answer passed on');
  await check(t, rig);
});

t.test('HEAD, 204, interim answers and Expect', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve((socket) => {
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      seen.push(text);
      if (text.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n');
      else if (text.startsWith('DELETE')) socket.write('HTTP/1.1 204 No Content\r\nX-a: B\r\n\r\n');
      else if (text.startsWith('POST')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      else socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send('HEAD / HTTP/1.1\r\nHost: x\r\n\r\nDELETE / HTTP/1.1\r\nHost: x\r\n\r\n');
  const two = 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 204 No Content\r\nX-a: B\r\n\r\n';
  await rig.until(() => client.text.length >= two.length, 'two answers');
  t.equal(client.text, two);
  client.clear();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await rig.until(() => client.text.length > 0, 'the interim answer');
  t.equal(client.text, 'HTTP/1.1 100 Continue\r\n\r\n');
  t.match(seen[2], 'Expect: 100-continue\r\n');
  client.send('hi');
  await rig.until(() => client.text.endsWith('Content-Length: 0\r\n\r\n'), 'the answer');
  t.match(client.text, /^HTTP\/1\.1 100 .*HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK/s);
  await check(t, rig);
});

t.test('an answer that ends with its connection, HTTP/1.0 and Connection: close', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\nX-Y: z\r\n\r\nto the end'));
  });
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.ended, 'the end');
  t.equal(client.text, 'HTTP/1.0 200 OK\r\nX-Y: z\r\nConnection: close\r\n\r\nto the end');
  await check(t, rig);
});

t.test('tries used up: the last answer; one try too slow: 504; nobody there: 503', async (t) => {
  const rig = new ProxyRig();
  const seen: string[] = [];
  const { port } = await rig.serve(serving([BUSY], seen, endsWith('\r\n\r\n')));
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.endsWith('busy'), 'the answer');
  t.equal(client.text, BUSY);
  t.equal(seen.length, 3);
  t.equal(rig.count('towpath_requests_total', { code: '503', flags: 'URX', protocol: 'http1' }), 1);
  const silent = await rig.serve((socket) => socket.resume());
  const version = (gen: number) => ({ version: { epoch: 1, gen, hash: 'y' } });
  rig.service({ ...ruledService([silent.port], { ...RETRY, perTryTimeoutMs: 30 }), ...version(2) });
  client.clear();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('(attempt 3)'), 'the time to be up');
  t.match(client.text, /^HTTP\/1\.1 504 .*x-towpath-error: UT;.*connection: keep-alive/s);
  t.equal(silent.sockets.length, 3);
  rig.service({ ...ruledService([await closedPort()], RETRY), ...version(3) });
  client.clear();
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await rig.until(() => client.text.includes('refused'), 'the refusal');
  t.match(client.text, /^HTTP\/1\.1 503 .*x-towpath-error: UF;.*cannot connect to .*\(attempt 3\)/s);
  await check(t, rig);
});

t.test('upgrades pass by', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('GET'))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      else socket.write(chunk);
    }),
  );
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await rig.until(() => client.text.includes('101'), 'the switch');
  client.clear();
  client.send('echo');
  await rig.until(() => client.text === 'echo', 'the tunnel');
  await check(t, rig);
});

t.test('a client that waits for 100 hears of it from the second try, where the first said nothing', async (t) => {
  const rig = new ProxyRig();
  let heads = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('POST')) socket.write(OK);
      else socket.write(++heads === 1 ? BUSY : 'HTTP/1.1 100 Continue\r\n\r\n');
    }),
  );
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await rig.until(() => client.text !== '', 'the interim answer');
  t.equal(client.text, 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('hi');
  await rig.until(() => client.text.endsWith('ok'), 'the answer');
  await check(t, rig);
});

t.test('what a client pipelines behind a body that its server takes slowly waits for its turn', async (t) => {
  const rig = new ProxyRig();
  const length = 6_000_000;
  let got = 0;
  const { port, sockets } = await rig.serve((socket) => {
    socket.pause();
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got >= length) socket.write(OK);
    });
  });
  rig.service(ruledService([port], RETRY));
  const client = await rig.client();
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  client.send(Buffer.alloc(length, 'w'));
  const request = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'l'.repeat(4_000)}\r\n\r\n`;
  client.send(request.repeat(40));
  await rig.until(() => sockets.length === 1, 'the connection');
  await new Promise((resolve) => setTimeout(resolve, 100));
  sockets[0]?.resume();
  await rig.until(() => client.text.length >= OK.length * 41 || client.closed, 'all answers');
  t.equal(client.text, OK.repeat(41));
  await check(t, rig);
});
