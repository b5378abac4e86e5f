/** Each limit of the agent file, set to something else than its default, acts: at the limit a message passes, beyond it not. */
import t, { type Test } from 'tap';
import type { Limits } from '../../../src/proxy/context.ts';
import { ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Stage {
  readonly rig: ProxyRig;
  readonly client: RigClient;
}

/** A server that answers every head it hears with `answer`. */
async function stage(limits: Partial<Limits>, answer = OK): Promise<Stage> {
  const rig = new ProxyRig(limits);
  const { port } = await rig.serve((socket) => {
    let have = '';
    socket.on('data', (chunk) => {
      have += chunk.toString('latin1');
      if (!have.includes('\r\n\r\n') || (/chunked/.test(have) && !have.endsWith('0\r\n\r\n'))) return;
      have = '';
      socket.write(answer);
    });
    socket.on('end', () => socket.end());
  });
  rig.service(serviceView([port], { protocol: 'http1' }));
  return { rig, client: await rig.client() };
}

/** The status that comes of sending `text`. */
async function tell({ rig, client }: Stage, text: string): Promise<string> {
  client.clear();
  client.send(text);
  await rig.until(() => client.text.includes('\r\n\r\n') || client.closed, 'an answer');
  return client.text.slice(9, 12);
}

async function end(t: Test, { rig }: Stage): Promise<void> {
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
}

const requestLine = (bytes: number): string => `GET /${'a'.repeat(bytes - 14)} HTTP/1.1\r\nHost: a\r\n\r\n`;
const head = (bytes: number): string => {
  const start = 'GET / HTTP/1.1\r\nHost: a\r\nX: ';
  return `${start}${'x'.repeat(bytes - start.length - 4)}\r\n\r\n`;
};
const fields = (count: number): string => `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(count - 1)}\r\n`;
const chunkLine = (bytes: number): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;${'e'.repeat(bytes - 2)}\r\nabc\r\n0\r\n\r\n`;

const CASES: readonly [string, Partial<Limits>, (n: number) => string, number, string][] = [
  ['the request line', { requestLineBytes: 300 }, requestLine, 300, '414'],
  ['the head', { headBytes: 5000 }, head, 5000, '431'],
  ['the fields', { headerFields: 20 }, fields, 20, '431'],
  ['the chunk line', { chunkLineBytes: 40 }, chunkLine, 40, '400'],
];
for (const [what, limits, make, most, status] of CASES) {
  t.test(`${what} of a request`, async (t) => {
    const play = await stage(limits);
    t.equal(await tell(play, make(most)), '200', `${most} pass`);
    t.equal(await tell(play, make(most + 1)), status, `${most + 1} do not`);
    await end(t, play);
  });
}

const answerHead = (bytes: number): string => {
  const start = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ';
  return `${start}${'x'.repeat(bytes - start.length - 4)}\r\n\r\n`;
};
const answerFields = (count: number): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${'X: y\r\n'.repeat(count - 1)}\r\n`;
const ANSWERS: readonly [string, Partial<Limits>, (n: number) => string, number][] = [
  ['the head', { headBytes: 5000 }, answerHead, 5000],
  ['the fields', { headerFields: 20 }, answerFields, 20],
];
for (const [what, limits, make, most] of ANSWERS) {
  t.test(`${what} of an answer`, async (t) => {
    for (const [n, status] of [
      [most, '200'],
      [most + 1, '502'],
    ] as const) {
      const play = await stage(limits, make(n));
      t.equal(await tell(play, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), status, `${n}: ${status}`);
      await end(t, play);
    }
  });
}

t.test('the time of a client that is idle', async (t) => {
  const play = await stage({ clientIdleMs: 300 });
  t.equal(await tell(play, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '200');
  const since = Date.now();
  await play.rig.until(() => play.client.ended, 'its end');
  t.ok(Date.now() - since > 200, `after ${Date.now() - since} ms`);
  t.equal(play.rig.closed[0]?.ending, 'timeout');
  await end(t, play);
});

t.test('the time of an unused connection to the endpoint, and none at all', async (t) => {
  for (const [upstreamIdleMs, kept] of [
    [300, 1],
    [0, 0],
  ] as const) {
    const play = await stage({ upstreamIdleMs });
    t.equal(await tell(play, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '200');
    const [endpoint] = [...play.rig.context.outbound.all()];
    t.equal(endpoint?.idle.length, kept);
    await play.rig.until(() => endpoint?.idle.length === 0, 'its end');
    await end(t, play);
  }
});

t.test('a request of 20 KiB that meets the end of its connection is sent again as well', async (t) => {
  const rig = new ProxyRig();
  let served = 0;
  const { port } = await rig.serve((socket) => {
    let have = '';
    socket.on('data', (chunk) => {
      have += chunk.toString('latin1');
      if (!have.endsWith('\r\n\r\n')) return;
      have = '';
      served++;
      // The second request of a connection meets a server that has just closed it.
      if (served === 2) socket.destroy();
      else socket.write(OK);
    });
  });
  rig.service(serviceView([port], { protocol: 'http1' }));
  const play = { rig, client: await rig.client() };
  t.equal(await tell(play, head(20_000)), '200');
  t.equal(await tell(play, head(20_000)), '200');
  t.equal(served, 3);
  await end(t, play);
});
