/** node:http2 on both sides of the proxy: everything a message can carry arrives as it was sent. */
import './support/inside.ts';

import t from 'tap';
import { CASES, echo, LONG, reflect } from './support/message-cases.ts';
import { ask, closeSession, openSession, serveHttp2 } from './support/node-http2.ts';
import { http2Traffic, Rig } from './support/rig.ts';

t.setTimeout(120_000);
const rig = await Rig.start(t, { web: null });
const { web } = rig.services;

for (const { title, serve, ask, code, check } of CASES) {
  await t.test(title, async (t) => {
    await serveHttp2(t, web, serve);
    await rig.counts(t, http2Traffic(1, { [code]: 1 }), async () => {
      const session = await openSession(t, web);
      const answer = await ask(session);
      t.equal(answer.status, code);
      check(t, answer);
      await closeSession(session);
    });
  });
}

/** 66 KB and a half as SETTINGS_MAX_HEADER_LIST_SIZE counts, less than 64 KiB as Huffman packs it. */
const TOO_MANY = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`x-field-${i}`, LONG]));

await t.test('a head above the limit is answered 431, and the connection goes on', async (t) => {
  await serveHttp2(t, web, reflect);
  await rig.counts(t, http2Traffic(1, { '431 DPE': 1, 200: 1 }), async () => {
    const session = await openSession(t, web);
    t.equal((await ask(session, { ':path': '/', ...TOO_MANY })).status, 431);
    t.equal((await ask(session, { ':path': '/' })).status, 200);
    await closeSession(session);
  });
});

await t.test('an answer whose head is above the limit is answered 502, and the connection goes on', async (t) => {
  await serveHttp2(t, web, (stream, headers) => {
    stream.respond({ ':status': 200, ...(headers[':path'] === '/large' ? TOO_MANY : {}) }, { endStream: true });
  });
  await rig.counts(t, http2Traffic(1, { '502 UPE': 1, 200: 1 }), async () => {
    const session = await openSession(t, web);
    t.equal((await ask(session, { ':path': '/large' })).status, 502);
    t.equal((await ask(session, { ':path': '/' })).status, 200);
    await closeSession(session);
  });
});

await t.test('1,000 streams in parallel on one connection get their own bytes back', async (t) => {
  await serveHttp2(t, web, echo);
  await rig.counts(t, http2Traffic(1, { 200: 1000 }), async () => {
    const session = await openSession(t, web);
    const bodies = Array.from({ length: 1000 }, (_, i) => Buffer.alloc(1 + ((i * 37) % 20_000), `${i}:`));
    const answers = await Promise.all(bodies.map((body) => ask(session, { ':method': 'POST' }, body)));
    const wrong = answers.filter((answer, i) => !answer.body.equals(bodies[i] ?? Buffer.alloc(0)));
    t.equal(wrong.length, 0);
    await closeSession(session);
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
