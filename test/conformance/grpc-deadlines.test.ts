/** Deadlines and the proxy's own errors of gRPC, byte by byte: what interop cases cannot see. */
import './support/inside.ts';

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { CODE } from './support/frames.ts';
import { grpcBetween } from './support/grpc-traffic.ts';
import { ask, closeSession, openSession, plain, serveHttp2 } from './support/node-http2.ts';
import { Rig } from './support/rig.ts';

const CALL = { ':method': 'POST', ':path': '/test.Greeter/Greet', 'content-type': 'application/grpc', te: 'trailers' };
/** An empty message: not compressed, no bytes. */
const MESSAGE = Buffer.alloc(5);

t.setTimeout(60_000);
const rig = await Rig.start(t, { calls: 'grpc', nobody: 'grpc' });
const { calls, nobody } = rig.services;

/** Milliseconds of a grpc-timeout. */
function readTimeout(value: unknown): number {
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(value)) ?? [];
  const scale: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
  return Number(digits) * (scale[unit] ?? Number.NaN);
}

const traffic = (counted: string) => ({ connections: 0, outbound: { [counted]: 1 }, inbound: {} });

await t.test(
  'a deadline is passed on less the time spent, kept by the proxy, and the server hears of it',
  async (t) => {
    const heard: IncomingHttpHeaders[] = [];
    const closed = Promise.withResolvers<number>();
    await serveHttp2(t, calls, (stream, headers) => {
      heard.push(headers);
      stream.on('close', () => closed.resolve(stream.rstCode ?? -1));
    });
    await rig.countsBy(t, grpcBetween, traffic('4 UT'), async () => {
      const session = await openSession(t, calls);
      const watch = startWatch();
      const answer = await ask(session, { ...CALL, 'grpc-timeout': '300m' }, MESSAGE);
      t.ok(watch.ms() > 280 && watch.quietMs() < 1500, `${watch.ms()} ms`);
      t.equal(answer.status, 200);
      t.equal(answer.headers['grpc-status'], '4', 'DEADLINE_EXCEEDED, trailers only');
      t.equal(answer.headers['content-type'], 'application/grpc');
      t.ok(answer.headers['grpc-message'], 'in words');
      t.equal(await closed.promise, CODE.CANCEL);
      await closeSession(session);
    });
    const left = readTimeout(heard[0]?.['grpc-timeout']);
    t.ok(left > 0 && left <= 300, `the server was given ${left} ms`);
  },
);

await t.test('a call that ends in time is not touched', async (t) => {
  await serveHttp2(t, calls, (stream) => answerCall(stream));
  await rig.countsBy(t, grpcBetween, traffic('0'), async () => {
    const session = await openSession(t, calls);
    const answer = await ask(session, { ...CALL, 'grpc-timeout': '5S' }, MESSAGE);
    t.same(plain(answer.trailers), { 'grpc-status': '0', 'x-own': 'kept' });
    t.ok(answer.body.equals(MESSAGE));
    await closeSession(session);
  });
});

function answerCall(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-own': 'kept' }));
  stream.end(MESSAGE);
}

await t.test('a server that is not there is UNAVAILABLE', async (t) => {
  await rig.countsBy(t, grpcBetween, traffic('14 UF'), async () => {
    const session = await openSession(t, nobody);
    const answer = await ask(session, CALL, MESSAGE);
    t.equal(answer.status, 200);
    t.equal(answer.headers['grpc-status'], '14');
    t.ok(answer.headers['grpc-message'], 'in words');
    await closeSession(session);
  });
});

await t.test('a server that breaks off before it answers is UNAVAILABLE', async (t) => {
  await serveHttp2(t, calls, (stream) => stream.session?.destroy());
  await rig.countsBy(t, grpcBetween, traffic('14 UC'), async () => {
    const session = await openSession(t, calls);
    const answer = await ask(session, CALL, MESSAGE);
    t.equal(answer.headers['grpc-status'], '14');
    await closeSession(session);
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
