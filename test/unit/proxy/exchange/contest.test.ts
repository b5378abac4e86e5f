import type { ServerHttp2Stream } from 'node:http2';
import t from 'tap';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { CANCEL, check, ruledService } from '../support/http2-rig.ts';

const HEDGE = { hedgeOnPerTryTimeout: true };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers after `ms` with `text`; 0: never. Notes the reset codes of its streams. */
async function serve(rig: ProxyRig, ms: number, text: string, codes: number[] = [], status = 200) {
  return serveHttp2(rig, async (stream: ServerHttp2Stream) => {
    stream.resume();
    stream.on('close', () => codes.push(stream.rstCode ?? 0));
    if (ms === 0) return;
    await pause(ms);
    if (stream.destroyed) return;
    stream.respond({ ':status': status });
    stream.end(text);
  });
}

const hedged = (rig: ProxyRig, result: string): number =>
  rig.count('towpath_hedged_requests_total', { cluster: 'shop/orders:80', result });

t.test('the second request answers first: the first one is given up, and only then', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const slow = await serve(rig, 0, 'slow', codes);
  const fast = await serve(rig, 40, 'fast');
  rig.service(ruledService([slow.port, fast.port], { perTryTimeoutMs: 60 }, HEDGE));
  const session = await connectHttp2(rig);
  const answers = await Promise.all([ask(session), ask(session)]);
  t.ok(answers.every(({ status, body }) => status === 200 && body === 'fast'));
  t.equal(slow.requests, 1);
  t.equal(hedged(rig, 'won'), 1);
  await rig.until(() => codes.length === 1, 'the end of the slow one');
  t.equal(codes[0], CANCEL);
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 2);
  await check(t, rig);
});

t.test('the first request answers after all', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const first = await serve(rig, 140, 'first');
  rig.service(ruledService([first.port], { perTryTimeoutMs: 100 }, HEDGE));
  const session = await connectHttp2(rig);
  const answer = await ask(session, { ':method': 'PUT' }, 'body');
  t.equal(answer.body, 'first');
  t.equal(first.requests, 2);
  t.equal(hedged(rig, 'lost') + hedged(rig, 'won'), 1);
  t.same(codes, []);
  await check(t, rig);
});

t.test('an answer that the rule lists does not win; a POST is never hedged', async (t) => {
  const rig = new ProxyRig();
  const slow = await serve(rig, 200, 'good');
  const bad = await serve(rig, 1, 'bad', [], 503);
  const retry = { attempts: 1, codes: [503], backoffMs: 1 };
  rig.service(ruledService([slow.port, bad.port], { retry, perTryTimeoutMs: 120 }, HEDGE));
  const session = await connectHttp2(rig);
  const bodies = await Promise.all(Array.from({ length: 4 }, () => ask(session)));
  t.ok(bodies.some(({ body }) => body === 'good'));
  const before = slow.requests + bad.requests;
  const only = await serve(rig, 0, 'never');
  rig.service({
    ...ruledService([only.port], { perTryTimeoutMs: 60 }, HEDGE),
    version: { epoch: 1, gen: 2, hash: 'y' },
  });
  const post = await ask(session, { ':method': 'POST' }, 'x');
  t.equal(post.status, 504);
  t.equal(only.requests, 1);
  t.equal(slow.requests + bad.requests, before);
  await check(t, rig);
});

t.test('nobody answers: 504, both are given up, and nothing is left', async (t) => {
  const rig = new ProxyRig();
  const codes: number[] = [];
  const never = await serve(rig, 0, 'never', codes);
  rig.service(ruledService([never.port], { perTryTimeoutMs: 50, requestTimeoutMs: 400 }, HEDGE));
  const answer = await ask(await connectHttp2(rig));
  t.equal(answer.status, 504);
  await rig.until(() => codes.length === never.requests && codes.length >= 2, 'their ends');
  t.ok(codes.every((code) => code === CANCEL));
  await check(t, rig);
});
