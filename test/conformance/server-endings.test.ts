/** A server that resets, leaves, breaks off or breaks the rules in every state of a stream: the client hears it, and never as a clean end. */
import './support/inside.ts';

import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { sleep } from '../../bench/place/programs.ts';
import { answer, ENDINGS } from './support/endings.ts';
import { CODE, headersFrame, resetFrame, TYPE } from './support/frames.ts';
import { request } from './support/hpack.ts';
import { addressOf } from './support/mesh.ts';
import { POLITE, RawPeer, rawServer } from './support/raw-peer.ts';
import { http2Traffic, Rig } from './support/rig.ts';

t.setTimeout(120_000);
const rig = await Rig.start(t, { web: null });
const { web } = rig.services;

const STREAM = 1;

for (const { title, method, script, heard, status, bytes, code, counted } of ENDINGS) {
  await t.test(title, async (t) => {
    let requests = 0;
    await rawServer(t, web, (peer) => {
      peer.onFrame = ({ type, stream }) => {
        if (type === TYPE.HEADERS) script(peer, stream, requests++);
      };
    });
    await rig.counts(t, http2Traffic(1, { [counted]: 1 }), async () => {
      const client = await RawPeer.dial(t, web);
      client.send(headersFrame(STREAM, request(method, '/'), true));
      await client.settled(STREAM);
      t.equal(client.status(STREAM), status, client.describe());
      if (bytes !== null) t.equal(client.received(STREAM), bytes);
      t.equal(client.ended(STREAM), code === null, client.describe());
      t.equal(client.reset(STREAM), code, client.describe());
      t.equal(requests, heard, 'requests that the server heard');
      client.socket.end();
      await client.until('the end', () => client.closed);
    });
  });
}

await t.test('an early complete answer, then NO_ERROR while the request is under way, is a clean answer', async (t) => {
  await rawServer(t, web, (peer) => {
    peer.onFrame = ({ type, stream }) => {
      if (type !== TYPE.HEADERS) return;
      answer(peer, stream);
      peer.send(resetFrame(stream, CODE.NO_ERROR));
    };
  });
  await rig.counts(t, http2Traffic(1, { 200: 1 }), async () => {
    const client = await RawPeer.dial(t, web);
    client.send(headersFrame(STREAM, request('POST', '/'), false));
    await client.settled(STREAM);
    t.equal(client.received(STREAM), 6);
    t.ok(client.ended(STREAM));
    t.equal(client.reset(STREAM) ?? CODE.NO_ERROR, CODE.NO_ERROR, client.describe());
    client.socket.end();
    await client.until('the end', () => client.closed);
  });
});

await t.test(
  'a server whose SETTINGS come before the first byte of a hesitating client speaks HTTP/2 all the same',
  async (t) => {
    await rawServer(t, web, (peer) => {
      peer.onFrame = ({ type, stream }) => {
        if (type === TYPE.HEADERS) answer(peer, stream);
      };
    });
    await rig.counts(t, http2Traffic(1, { 200: 1 }), async () => {
      const socket = connect(addressOf(web));
      await once(socket, 'connect');
      // Long enough for the proxy to dial the server and to hear it.
      await sleep(100);
      const client = new RawPeer(socket, 'client', POLITE);
      client.send(headersFrame(STREAM, request('GET', '/'), true));
      await client.settled(STREAM);
      t.equal(client.received(STREAM), 6, client.describe());
      client.socket.end();
      await client.until('the end', () => client.closed);
    });
  },
);

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
