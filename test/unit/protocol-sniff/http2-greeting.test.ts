import t from 'tap';
import { isHttp2Greeting } from '../../../src/protocol-sniff/http2-greeting.ts';

const cases: readonly [title: string, hex: string, expected: boolean][] = [
  ['empty SETTINGS', '000000 04 00 00000000', true],
  ['one setting', '000006 04 00 00000000 000500004000', true],
  ['its header alone', '000006 04 00 00000000', true],
  ['SETTINGS and WINDOW_UPDATE behind it', '000000 04 00 00000000 000004 08 00 00000000 00010000', true],
  ['a part of its header', '000006 04 00 000000', true],
  ['its first byte', '00', true],
  ['nothing', '', false],
  ['a first byte of text', '32', false],
  ['a length above 65,535', '0100', false],
  ['an acknowledgement', '000000 04 01 00000000', false],
  ['another stream', '000000 04 00 00000001', false],
  ['another frame', '000008 06 00 00000000', false],
  ['no whole settings', '000007 04 00 00000000', false],
  ['more settings than anybody sends', '0000c6 04 00 00000000', false],
  ['a banner of text', Buffer.from('220 ready\r\n').toString('hex'), false],
  ['a MySQL greeting', '4a0000000a382e302e33', false],
];

for (const [title, hex, expected] of cases) {
  t.test(`${title}: ${expected ? 'an HTTP/2 server' : 'not that'}`, async (t) => {
    const bytes = Buffer.concat([Buffer.alloc(3, 0xff), Buffer.from(hex.replaceAll(' ', ''), 'hex')]);
    t.equal(isHttp2Greeting(bytes, 3, bytes.length - 3), expected);
  });
}
