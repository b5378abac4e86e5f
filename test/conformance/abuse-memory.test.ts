/** Clients that make the proxy keep things for them: it keeps little, and nobody else notices. */
import './support/inside.ts';

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sleep } from '../../bench/place/programs.ts';
import { DEAF, lowerPriority } from './support/attack.ts';
import { dataFrame, frame, headersFrame, SETTING, TYPE, windowFrame } from './support/frames.ts';
import { indexedField, request } from './support/hpack.ts';
import { folder } from './support/inside.ts';
import { Neighbour } from './support/neighbour.ts';
import { type Habits, RawPeer, rawServer } from './support/raw-peer.ts';
import { Rig } from './support/rig.ts';

const HOLD_MS = 1_500;
const MOST_CPU = 1_500;
const MEGABYTE = 1 << 20;
const MAX_WINDOW = 0x7fff_ffff;

t.setTimeout(150_000);
const rig = await Rig.start(t, { web: null, stuck: null, neighbour: null });
const { web, stuck, neighbour } = rig.services;
writeFileSync(join(folder, 'index.html'), 'hello\n');
writeFileSync(join(folder, 'megabyte'), randomBytes(MEGABYTE));
for (const service of [web, neighbour]) {
  await rig.serve(service, ['nghttpd', '--no-tls', '-d', folder, String(service.port)]);
}
/** It takes connections, SETTINGS and as many requests as fit into the kernel, and reads no further. */
const server = await rawServer(t, stuck, (peer) => {
  peer.onFrame = ({ type }) => {
    if (type === TYPE.HEADERS) peer.socket.pause();
  };
});

const odd = (n: number): number => 1 + 2 * n;
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const CLOSED_WINDOW: Habits = { ...DEAF, settings: [[SETTING.INITIAL_WINDOW_SIZE, 0]] };

interface Attack {
  readonly title: string;
  readonly connections: number;
  readonly habits: Habits;
  readonly to: 'web' | 'stuck';
  /** Done on each connection, once. */
  readonly act: (peer: RawPeer) => void;
  /** Bytes that the agent may grow. */
  readonly mostGrown: number;
}

/** An entry of the dynamic table, and a block that refers to it as often as a frame holds. */
const ENTRY = indexedField('x-big', 'v'.repeat(4000));
const REFERENCES = Buffer.alloc(12_000, 0x80 | 62);

const ATTACKS: readonly Attack[] = [
  {
    title: 'HPACK bomb: one byte for 4 KB of head, 12,000 times in each of 100 requests',
    connections: 3,
    habits: DEAF,
    to: 'web',
    act(peer) {
      peer.send(headersFrame(1, Buffer.concat([request('GET', '/'), ENTRY]), true));
      for (let n = 1; n <= 100; n++)
        peer.send(headersFrame(odd(n), Buffer.concat([request('GET', '/'), REFERENCES]), true));
    },
    mostGrown: 16 * MEGABYTE,
  },
  {
    title: 'HPACK bomb with closed windows: the answers stay as well',
    connections: 3,
    habits: CLOSED_WINDOW,
    to: 'web',
    act(peer) {
      const few = REFERENCES.subarray(0, 12);
      peer.send(headersFrame(1, Buffer.concat([request('GET', '/'), ENTRY]), true));
      for (let n = 1; n <= 500; n++) peer.send(headersFrame(odd(n), Buffer.concat([request('GET', '/'), few]), true));
    },
    mostGrown: 32 * MEGABYTE,
  },
  {
    title: 'table size updates by the thousand in one block',
    connections: 3,
    habits: DEAF,
    to: 'web',
    act: (peer) => peer.send(headersFrame(1, Buffer.concat([Buffer.alloc(16_000, 0x20), request('GET', '/')]), true)),
    mostGrown: 8 * MEGABYTE,
  },
  {
    title: 'windows of zero: 1,000 answers of 1 MB on each of 10 connections that nobody takes',
    connections: 10,
    habits: CLOSED_WINDOW,
    to: 'web',
    act(peer) {
      for (let n = 0; n < 1000; n++) peer.send(headersFrame(odd(n), request('GET', '/megabyte'), true));
    },
    mostGrown: 64 * MEGABYTE,
  },
  {
    title: 'open windows, but the sockets are never read: 100 answers of 1 MB on each of 20 connections',
    connections: 20,
    habits: { ...DEAF, settings: [[SETTING.INITIAL_WINDOW_SIZE, MAX_WINDOW]] },
    to: 'web',
    act(peer) {
      peer.socket.pause();
      peer.send(windowFrame(0, MAX_WINDOW - 65_535));
      for (let n = 0; n < 100; n++) peer.send(headersFrame(odd(n), request('GET', '/megabyte'), true));
    },
    mostGrown: 64 * MEGABYTE,
  },
  {
    title: 'uploads to a server that stops reading: 500 of them with 64 KB on each of 4 connections',
    connections: 4,
    habits: DEAF,
    to: 'stuck',
    act(peer) {
      const part = Buffer.alloc(16_000, 'x');
      for (let n = 0; n < 500; n++) {
        peer.send(headersFrame(odd(n), request('POST', '/'), false), ...times(4, () => dataFrame(odd(n), part, false)));
      }
    },
    mostGrown: 64 * MEGABYTE,
  },
  {
    title: 'large heads to a server that stops reading: 500 of 12 KB on each of 4 connections',
    connections: 4,
    habits: DEAF,
    to: 'stuck',
    act(peer) {
      const head = request(
        'GET',
        '/',
        times(12, (i) => [`x-${i}`, 'v'.repeat(1000)] as const),
      );
      for (let n = 0; n < 500; n++) peer.send(headersFrame(odd(n), head, true));
    },
    mostGrown: 64 * MEGABYTE,
  },
  {
    title: 'heads that are never finished, 16 KB of each, on 300 connections',
    connections: 300,
    habits: DEAF,
    to: 'web',
    act: (peer) => peer.send(frame(TYPE.HEADERS, 0, 1, Buffer.alloc(16_000, 0x82))),
    mostGrown: 48 * MEGABYTE,
  },
  {
    title: 'connections that say SETTINGS and nothing more, 1,000 of them',
    connections: 1000,
    habits: DEAF,
    to: 'web',
    act: () => undefined,
    mostGrown: 48 * MEGABYTE,
  },
  {
    title: 'slowloris: 300 connections that send a byte of a head now and then',
    connections: 300,
    habits: DEAF,
    to: 'web',
    act(peer) {
      const head = headersFrame(1, request('GET', '/', [['x-slow', 'v'.repeat(200)]]), true);
      drip(peer, head);
    },
    mostGrown: 48 * MEGABYTE,
  },
  {
    title: 'slowloris: 300 connections that send a byte of DATA now and then',
    connections: 300,
    habits: DEAF,
    to: 'web',
    act(peer) {
      peer.send(headersFrame(1, request('POST', '/'), false));
      drip(peer, dataFrame(1, 'x'.repeat(1000), false));
    },
    mostGrown: 48 * MEGABYTE,
  },
];

/** A byte each 50 ms. */
function drip(peer: RawPeer, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (peer.closed || at === bytes.length) return clearInterval(timer);
    peer.send(bytes.subarray(at, ++at));
  }, 50);
}

const guard = await Neighbour.start(rig, neighbour);
lowerPriority();

for (const { title, connections, habits, to, act, mostGrown } of ATTACKS) {
  await t.test(title, async (t) => {
    const [cpu, rss] = [rig.agent.cpuMs(), rig.agent.rssBytes()];
    const peers: RawPeer[] = [];
    let grown = 0;
    await guard.unharmed(t, async () => {
      for (let i = 0; i < connections; i++) {
        const peer = await RawPeer.dial(t, rig.services[to], habits);
        peers.push(peer);
        act(peer);
      }
      for (const end = performance.now() + HOLD_MS; performance.now() < end; await sleep(50)) {
        grown = Math.max(grown, rig.agent.rssBytes() - rss);
      }
    });
    for (const peer of peers) peer.close();
    t.ok(grown < mostGrown, `the agent grew by ${grown} bytes`);
    const used = rig.agent.cpuMs() - cpu;
    t.ok(used < MOST_CPU, `and spent ${used.toFixed(0)} ms, the neighbour's requests included`);
  });
}

const openConnections = async (): Promise<number> => (await rig.agent.metrics()).value('towpath_connections_open');

await t.test('what they left behind is gone, and the agent is sound', async (t) => {
  await server.close();
  await guard.stop();
  for (const end = performance.now() + 3000; performance.now() < end && (await openConnections()) > 0; )
    await sleep(50);
  t.equal(await openConnections(), 0);
  await rig.assertSound(t);
});
