/** Connections between agents and the end of the certificates that they began with: told by the clock that the sweep is given. */
import { connect as connectHttp2, createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { endExpired } from '../../../../src/proxy/mesh/end-expired.ts';
import { HOUR_MS } from '../../../helpers/make-svid.ts';
import type { ProxyRig, RigClient } from '../../../helpers/proxy-rig.ts';
import { MeshPair } from '../support/mesh-pair.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: orders\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** Of the certificate that ends first. */
const END_MS = Date.now() + HOUR_MS;
const BEFORE = END_MS - 5_000;
const AFTER = END_MS + 5_000;
const PATIENT_MS = 20_000;
const limits = { notAfterMs: END_MS };

interface Scene {
  readonly pair: MeshPair;
  readonly client: RigClient;
  /** The program holds its answers until then. */
  readonly program: { held: boolean; readonly waiting: Socket[] };
}

async function scene(callee: { notAfterMs?: number }, caller: { notAfterMs?: number }): Promise<Scene> {
  const pair = new MeshPair();
  const program = { held: false, waiting: [] as Socket[] };
  const { port } = await pair.callee.serve((socket) =>
    socket.on('data', (data) => {
      if (!data.toString().startsWith('GET')) socket.write(data);
      else if (program.held) program.waiting.push(socket);
      else socket.write(ANSWER);
    }),
  );
  pair.lead({ port });
  await pair.identify(callee, caller);
  return { pair, client: await pair.caller.client(), program };
}

async function answered({ pair, client }: Scene, count: number): Promise<void> {
  await pair.caller.until(() => client.text.split('ok').length === count + 1, `answer ${count}`, PATIENT_MS);
}

async function ask(one: Scene, count: number): Promise<void> {
  one.client.send(REQUEST);
  await answered(one, count);
}

const handshakes = ({ pair }: Scene): number => pair.callee.count('towpath_tls_handshakes_total', { side: 'server' });
const ended = ({ closed }: ProxyRig): number => closed.filter(({ record }) => record.peerPrincipal !== null).length;

for (const [whose, callee, caller] of [
  ['of the callee', limits, {}],
  ['of the caller', {}, limits],
] as const) {
  t.test(
    `the certificate ${whose} ends: the caller closes what is idle, and goes on with a new handshake`,
    async (t) => {
      const one = await scene(callee, caller);
      const { pair } = one;
      await ask(one, 1);
      endExpired(pair.caller.context, BEFORE);
      await ask(one, 2);
      t.equal(handshakes(one), 1, 'before the end nothing happens');
      endExpired(pair.caller.context, AFTER);
      await pair.callee.until(() => ended(pair.callee) === 1, 'the end of the connection', PATIENT_MS);
      t.equal(one.client.closed, false, 'the program keeps its connection');
      await ask(one, 3);
      t.equal(handshakes(one), 2);
      await pair.end(t);
    },
  );

  t.test(`... a busy one ends with its request`, async (t) => {
    const one = await scene(callee, caller);
    const { pair, program } = one;
    program.held = true;
    one.client.send(REQUEST);
    await pair.caller.until(() => program.waiting.length === 1, 'the request', PATIENT_MS);
    endExpired(pair.caller.context, AFTER);
    program.held = false;
    program.waiting[0]?.write(ANSWER);
    await answered(one, 1);
    await pair.callee.until(() => ended(pair.callee) === 1, 'the end of the connection', PATIENT_MS);
    await ask(one, 2);
    t.equal(handshakes(one), 2);
    await pair.end(t);
  });

  t.test(`... the callee ends it, whatever the caller does`, async (t) => {
    const one = await scene(callee, caller);
    const { pair, program } = one;
    await ask(one, 1);
    endExpired(pair.callee.context, AFTER);
    await pair.callee.until(() => ended(pair.callee) === 1, 'the end of an idle one', PATIENT_MS);
    await ask(one, 2);
    t.equal(handshakes(one), 2);
    program.held = true;
    one.client.send(REQUEST);
    await pair.caller.until(() => program.waiting.length === 1, 'the request', PATIENT_MS);
    endExpired(pair.callee.context, AFTER);
    program.held = false;
    program.waiting[0]?.write(ANSWER);
    await answered(one, 3);
    await pair.callee.until(() => ended(pair.callee) === 2, 'the end of a busy one', PATIENT_MS);
    t.equal(one.client.closed, false, 'the program keeps its connection');
    await ask(one, 4);
    t.equal(handshakes(one), 3);
    await pair.end(t);
  });
}

t.test(
  'what is asked on a connection that is about to end is answered, and the answer says that it is the last',
  async (t) => {
    const one = await scene({}, limits);
    const { pair } = one;
    await ask(one, 1);
    endExpired(pair.callee.context, AFTER);
    await ask(one, 2);
    t.equal(handshakes(one), 1, 'on the same connection');
    t.notMatch(one.client.text, /connection: close/i, 'the program is told nothing');
    await pair.callee.until(() => ended(pair.callee) === 1, 'the end', PATIENT_MS);
    t.equal(pair.callee.closed.find(({ record }) => record.peerPrincipal !== null)?.ending, 'closed');
    await pair.end(t);
  },
);

t.test('connections of bytes go on', async (t) => {
  const one = await scene(limits, limits);
  const { pair, client } = one;
  for (const text of ['before\n', 'after\n']) {
    client.clear();
    client.send(text);
    await pair.caller.until(() => client.text === text, text, PATIENT_MS);
    endExpired(pair.caller.context, AFTER);
    endExpired(pair.callee.context, AFTER);
  }
  t.equal(client.closed, false);
  await pair.end(t);
});

t.test('HTTP/2: streams under way finish, the next one goes over another connection', async (t) => {
  const pair = new MeshPair();
  const { caller, callee } = pair;
  const server = createHttp2();
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream: ServerHttp2Stream) => streams.push(stream));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pair.lead({ port: (server.address() as AddressInfo).port, protocol: 'http2' });
  await pair.identify(limits);
  const session = connectHttp2(`http://127.0.0.1:${caller.port}`);
  const call = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/' });
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      stream.on('end', () => resolve(text));
      stream.on('error', reject);
      stream.end();
    });
  const finish = async (count: number): Promise<void> => {
    await callee.until(() => streams.length === count, `stream ${count}`, PATIENT_MS);
    streams.at(-1)?.respond({ ':status': 200 });
    streams.at(-1)?.end('done');
  };
  for (const [i, rig] of [caller, callee].entries()) {
    const first = call();
    await callee.until(() => streams.length === 2 * i + 1, 'the stream', PATIENT_MS);
    endExpired(rig.context, AFTER);
    await finish(2 * i + 1);
    t.equal(await first, 'done');
    await callee.until(() => ended(callee) === i + 1, 'the end of the connection', PATIENT_MS);
    const second = call();
    await finish(2 * i + 2);
    t.equal(await second, 'done');
    t.equal(callee.count('towpath_tls_handshakes_total', { side: 'server' }), i + 2);
    t.equal(session.closed, false, 'the program keeps its connection');
  }
  session.destroy();
  server.close();
  await pair.end(t);
});
