/** Bodies of 1 GB: whole both ways, and never in the proxy's memory, however slowly they are read. */
import './support/inside.ts';

import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run, sleep } from '../../bench/place/programs.ts';
import { bytesBetween } from '../network/support/traffic.ts';
import { CODE, dataFrame, headersFrame, resetFrame, SETTING, windowFrame } from './support/frames.ts';
import { HeldBytes } from './support/held-bytes.ts';
import { request } from './support/hpack.ts';
import { folder, nodeCommand } from './support/inside.ts';
import { urlOf } from './support/mesh.ts';
import { POLITE, RawPeer, rawServer } from './support/raw-peer.ts';
import { http2Traffic, Rig } from './support/rig.ts';

const GIGABYTE = 1 << 30;
/** Frame heads and what else is not body, at most. */
const OVERHEAD = 1.005;
const MOST_HELD = 1 << 20;
/** What the process may grow beside: Node's heap, code. */
const MOST_GROWN = 24 << 20;
const LOOK_MS = 1_500;
const MAX_WINDOW = 0x7fff_ffff;
const STREAM = 1;

t.setTimeout(150_000);
const rig = await Rig.start(t, { files: null, hash: null, slow: null });
const { files, hash, slow } = rig.services;
const file = join(folder, 'gigabyte');
await run([
  'sh',
  '-c',
  `head -c ${GIGABYTE} /dev/zero | openssl enc -aes-128-ctr -K 0123456789abcdef0123456789abcdef -iv 00 -out ${file}`,
]);
await rig.serve(files, ['nghttpd', '--no-tls', '-d', folder, String(files.port)]);
await rig.serve(hash, nodeCommand('hash-server.ts', String(hash.port)));
const [digest = ''] = (await run(['sha256sum', file])).split(' ');

async function assertBytes(t: Test, direction: 'received' | 'sent', body: () => Promise<void>): Promise<void> {
  const before = await rig.agent.metrics();
  await body();
  await sleep(200);
  const bytes = bytesBetween(before, await rig.agent.metrics(), 'outbound')[direction];
  t.ok(bytes >= GIGABYTE && bytes < GIGABYTE * OVERHEAD, `the agent counted ${bytes} bytes ${direction}`);
}

await t.test('1 GB from nghttpd to curl', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: 1 }), () =>
    assertBytes(t, 'sent', async () => {
      const curl = `curl -sS -m 100 --http2-prior-knowledge ${urlOf(files, '/gigabyte')}`;
      const [found] = (await run(['sh', '-c', `${curl} | sha256sum`], 100_000)).split(' ');
      t.equal(found, digest);
    }),
  );
});

await t.test('1 GB from curl to node:http2', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: 1 }), () =>
    assertBytes(t, 'received', async () => {
      const curl = ['curl', '-sS', '-m', '100', '--http2-prior-knowledge', '-T', file, urlOf(hash, '/')];
      t.equal(await run(curl, 100_000), `${GIGABYTE} ${digest}`);
    }),
  );
});

/** Looks at the agent while bytes are stuck in it. */
async function assertLittleHeld(t: Test, held: HeldBytes, rssBefore: number): Promise<void> {
  const most = await held.most(LOOK_MS);
  t.ok(most > 0, `something is under way: ${most} bytes`);
  t.ok(most <= MOST_HELD, `at most ${most} bytes of the body were held`);
  const grown = rig.agent.rssBytes() - rssBefore;
  t.ok(grown < MOST_GROWN, `the process grew by ${grown} bytes`);
}

await t.test('a reader that grants 64 KB now and then', async (t) => {
  const rss = rig.agent.rssBytes();
  const held = new HeldBytes(files, 'client');
  await rig.counts(t, http2Traffic(1, { '200 DC': 1 }), async () => {
    const client = await RawPeer.dial(t, files, { ...POLITE, reads: false });
    await held.begin();
    client.send(headersFrame(STREAM, request('GET', '/gigabyte'), true));
    await client.until('the first window', () => client.received(STREAM) === 65_535);
    for (let i = 1; i <= 20; i++) {
      client.send(windowFrame(0, 65_536), windowFrame(STREAM, 65_536));
      await client.until('the next window', () => client.received(STREAM) === 65_535 + i * 65_536);
    }
    await assertLittleHeld(t, held, rss);
    client.send(resetFrame(STREAM, CODE.CANCEL));
    client.socket.end();
    await client.until('the end', () => client.closed);
  });
});

await t.test('a reader that grants everything and stops reading from its socket', async (t) => {
  const rss = rig.agent.rssBytes();
  const held = new HeldBytes(files, 'client');
  await rig.counts(t, { ...http2Traffic(1, { '200 DC': 1 }), closed: { 'http2 reset': 1 } }, async () => {
    const settings = [...POLITE.settings, [SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW] as const];
    const client = await RawPeer.dial(t, files, { ...POLITE, reads: false, settings });
    await held.begin();
    client.send(windowFrame(0, MAX_WINDOW - 65_535), headersFrame(STREAM, request('GET', '/gigabyte'), true));
    await client.until('the first MB', () => client.received(STREAM) > 1 << 20);
    client.socket.pause();
    await sleep(300);
    await assertLittleHeld(t, held, rss);
    client.socket.resetAndDestroy();
  });
});

await t.test('a server that takes 64 KB and no more', async (t) => {
  const rss = rig.agent.rssBytes();
  const held = new HeldBytes(slow, 'server');
  await rawServer(t, slow, () => undefined, { ...POLITE, reads: false });
  await rig.counts(t, http2Traffic(1, { '0 DC': 1 }), async () => {
    const client = await RawPeer.dial(t, slow);
    await held.begin();
    client.send(headersFrame(STREAM, request('POST', '/'), false));
    // As much as the proxy allows, until it has allowed nothing more for a while.
    const chunk = Buffer.alloc(16_384, 'x');
    let sent = 0;
    for (let idle = 0; idle < 30; idle++) {
      for (; sent + chunk.length <= client.allowed(STREAM); idle = 0) {
        client.send(dataFrame(STREAM, chunk, false));
        sent += chunk.length;
      }
      await sleep(10);
    }
    t.ok(sent < 2 * MOST_HELD, `the proxy granted ${sent} bytes`);
    await assertLittleHeld(t, held, rss);
    client.send(resetFrame(STREAM, CODE.CANCEL));
    client.socket.end();
    await client.until('the end', () => client.closed);
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
