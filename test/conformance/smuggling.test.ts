/** What an HTTP/2 client could slip into a request so that a server of HTTP/1.1 reads another one is refused (RFC 9113 8.2 and 10.3). */
import './support/inside.ts';

import t, { type Test } from 'tap';
import { CODE, dataFrame, headersFrame } from './support/frames.ts';
import { block, type Fields } from './support/hpack.ts';
import { RawPeer } from './support/raw-peer.ts';
import { recordHttp1 } from './support/recording-servers.ts';
import { Rig } from './support/rig.ts';

t.setTimeout(60_000);
const rig = await Rig.start(t, { classic: 'http' });
const { classic } = rig.services;
const server = await recordHttp1(classic);
t.teardown(() => server.close());

const SMUGGLED: readonly { readonly title: string; readonly fields: Fields; readonly body: string }[] = [
  { title: 'a line break in a value', fields: [['x-a', 'b\r\nhost: evil']], body: '' },
  { title: 'a line feed alone in a value', fields: [['x-a', 'b\nhost: evil']], body: '' },
  { title: 'NUL in a value', fields: [['x-a', 'b\0c']], body: '' },
  { title: 'a colon in a name', fields: [['x-a: b\r\nx', 'c']], body: '' },
  { title: 'a blank in a name', fields: [['x a', 'b']], body: '' },
  {
    title: 'transfer-encoding',
    fields: [['transfer-encoding', 'chunked']],
    body: '0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n',
  },
  { title: 'connection', fields: [['connection', 'close']], body: '' },
  { title: 'upgrade', fields: [['upgrade', 'websocket']], body: '' },
  { title: 'te other than trailers', fields: [['te', 'gzip']], body: '' },
  { title: 'a content-length that is too small', fields: [['content-length', '3']], body: 'abcGET /evil' },
  { title: 'a content-length that is too large', fields: [['content-length', '300']], body: 'abc' },
  {
    title: 'two lengths',
    fields: [
      ['content-length', '3'],
      ['content-length', '4'],
    ],
    body: 'abc',
  },
  { title: 'a length that is no number', fields: [['content-length', '+3']], body: 'abc' },
  { title: 'a host that is not the authority', fields: [['host', 'evil.test']], body: '' },
];

const TARGETS: readonly { readonly title: string; readonly pseudo: Fields }[] = [
  {
    title: 'a blank in the path',
    pseudo: [
      [':method', 'GET'],
      [':path', '/ HTTP/1.1\r\nx: y'],
    ],
  },
  {
    title: 'a method with a blank',
    pseudo: [
      [':method', 'GET /evil'],
      [':path', '/'],
    ],
  },
  { title: 'no path', pseudo: [[':method', 'GET']] },
  {
    title: 'a path that is not one',
    pseudo: [
      [':method', 'GET'],
      [':path', 'evil'],
    ],
  },
];

async function assertRefused(t: Test, fields: Fields, body: string): Promise<void> {
  const before = server.seen.length;
  const client = await RawPeer.dial(t, classic);
  client.send(headersFrame(1, block(fields), body === ''));
  if (body !== '') client.send(dataFrame(1, body, true));
  await client.settled(1);
  const refused = client.reset(1) === CODE.PROTOCOL_ERROR || client.status(1) === 400;
  t.ok(refused, client.describe());
  client.send(
    headersFrame(
      3,
      block([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':authority', 'a'],
        [':path', '/length'],
      ]),
      true,
    ),
  );
  await client.settled(3);
  t.equal(client.status(3), 200, 'the connection goes on');
  client.close();
  t.same(
    server.seen.slice(before).map(({ url }) => url),
    ['/length'],
    'the server heard nothing of it',
  );
}

for (const { title, fields, body } of SMUGGLED) {
  await t.test(`refused: ${title}`, async (t) => {
    const pseudo: Fields = [
      [':method', body === '' ? 'GET' : 'POST'],
      [':scheme', 'http'],
      [':authority', 'a'],
      [':path', '/'],
    ];
    await assertRefused(t, [...pseudo, ...fields], body);
  });
}
for (const { title, pseudo } of TARGETS) {
  await t.test(`refused: ${title}`, async (t) =>
    assertRefused(t, [...pseudo, [':scheme', 'http'], [':authority', 'a']], ''),
  );
}

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
