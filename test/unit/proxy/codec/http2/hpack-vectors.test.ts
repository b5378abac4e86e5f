/** RFC 7541 appendix C, whole connections: C.3 to C.6. The requests of C.2 are single representations. */
import t from 'tap';
import type { HeadKind } from '../../../../../src/proxy/codec/http2/http2-head.ts';
import { ReferenceDecoder } from './support/hpack-reference.ts';
import { DecoderRig } from './support/hpack-rig.ts';

const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const REQUESTS = [
  [':method: GET', ':scheme: http', ':authority: www.example.com', ':path: /'],
  [':method: GET', ':scheme: http', ':authority: www.example.com', ':path: /', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':authority: www.example.com', ':path: /index.html', 'custom-key: custom-value'],
];
const REST = ['location: https://www.example.com'];
const RESPONSES = [
  [':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', ...REST],
  [':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT', ...REST],
  [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    ...REST,
    'content-encoding: gzip',
    `set-cookie: ${COOKIE}`,
  ],
];

const CONNECTIONS: readonly (readonly [title: string, HeadKind, capacity: number, string[][], string[]])[] = [
  [
    'C.3 requests without Huffman coding',
    'request',
    4096,
    REQUESTS,
    [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ],
  ],
  [
    'C.4 requests with Huffman coding',
    'request',
    4096,
    REQUESTS,
    [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ],
  ],
  [
    'C.5 responses without Huffman coding, table of 256 bytes',
    'response',
    256,
    RESPONSES,
    [
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    ],
  ],
  [
    'C.6 responses with Huffman coding, table of 256 bytes',
    'response',
    256,
    RESPONSES,
    [
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ],
];

for (const [title, kind, capacity, heads, sections] of CONNECTIONS) {
  t.test(title, (t) => {
    const rig = new DecoderRig();
    const reference = new ReferenceDecoder();
    if (capacity < 4096) {
      // What a peer says after our SETTINGS_HEADER_TABLE_SIZE of 256.
      rig.decoder.setCapacityLimit(256);
      sections[0] = `3fe101${sections[0]}`;
    }
    for (const [i, section] of sections.entries()) {
      const bytes = Buffer.from(section, 'hex');
      t.strictSame(rig.decode(bytes, kind), heads[i]);
      const fields = reference.decode(bytes).map(({ name, value }) => `${name}: ${value}`);
      t.strictSame([...fields].sort(), [...heads[i]].sort(), 'the codec of the tests agrees');
    }
    t.end();
  });
}

t.test('C.2 literals with, without and never indexing, and an indexed field', (t) => {
  const rig = new DecoderRig();
  const with1 = Buffer.from('828684400a637573746f6d2d6b65790d637573746f6d2d686561646572', 'hex');
  const start = [':method: GET', ':scheme: http'];
  t.strictSame(rig.decode(with1), [...start, ':path: /', 'custom-key: custom-header']);
  t.strictSame(rig.decode(Buffer.from('828684be', 'hex')), [...start, ':path: /', 'custom-key: custom-header']);
  t.strictSame(rig.decode(Buffer.from('8286040c2f73616d706c652f70617468', 'hex')), [...start, ':path: /sample/path']);
  const never = Buffer.from('828684100870617373776f726406736563726574', 'hex');
  t.strictSame(rig.decode(never), [...start, ':path: /', '!password: secret']);
  t.equal(rig.decode(Buffer.from('828684bf', 'hex')), -1, 'neither went into the table');
  t.end();
});
