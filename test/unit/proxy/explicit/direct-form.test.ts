import t from 'tap';
import { HeadParser } from '../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { writeHead } from '../../../../src/proxy/codec/http1/write-head.ts';
import { makeDirect } from '../../../../src/proxy/explicit/direct-form.ts';

const llhttp = createLlhttp({ slabBytes: 1 << 20, parsers: 2 });
const parser = new HeadParser(llhttp);
const { bytes, slabStart } = llhttp;

/** What goes to the server of a request that came to the proxy. */
function forwarded(text: string): string {
  const head = `${text}\r\n\r\n`;
  bytes.write(`${head}NEXT`, slabStart, 'latin1');
  const length = parser.parseRequest(slabStart, head.length);
  if (length !== head.length) throw new Error(`${length}: ${parser.head.refusal?.sentence}`);
  makeDirect(bytes, parser.head);
  const out = slabStart + 4096;
  const n = writeHead(bytes, parser.head, out, 4096, { connection: 'none', edits: null, insert: [] });
  if (bytes.toString('latin1', slabStart + length, slabStart + length + 4) !== 'NEXT') throw new Error('spilled');
  return bytes.toString('latin1', out, out + n - 4);
}

const CASES: readonly (readonly [came: string, goes: string])[] = [
  ['GET /a?b HTTP/1.1\r\nHost: x', 'GET /a?b HTTP/1.1\r\nHost: x'],
  ['GET http://orders/a?b HTTP/1.1\r\nHost: orders', 'GET /a?b HTTP/1.1\r\nHost: orders'],
  [
    'GET http://orders:80/a HTTP/1.1\r\nA: b\r\nHost: other\r\nC: d',
    'GET /a HTTP/1.1\r\nA: b\r\nHost: orders:80\r\nC: d',
  ],
  ['GET http://o HTTP/1.1\r\nHost: o', 'GET / HTTP/1.1\r\nHost: o'],
  ['GET http://o?q=/x HTTP/1.1\r\nHost: o', 'GET /?q=/x HTTP/1.1\r\nHost: o'],
  ['GET http://o/? HTTP/1.1\r\nHost: p', 'GET /? HTTP/1.1\r\nHost: o'],
  ['OPTIONS http://o HTTP/1.1\r\nHost: p', 'OPTIONS * HTTP/1.1\r\nHost: o'],
  ['OPTIONS http://o/ HTTP/1.1\r\nHost: p', 'OPTIONS / HTTP/1.1\r\nHost: o'],
  ['OPTIONS http://o?q HTTP/1.1\r\nHost: p', 'OPTIONS /?q HTTP/1.1\r\nHost: o'],
  [
    'A-VERY-LONG-METHOD-THAT-IS-LONGER-THAN-THE-AUTHORITY http://o/p HTTP/1.1\r\nHost: p',
    'A-VERY-LONG-METHOD-THAT-IS-LONGER-THAN-THE-AUTHORITY /p HTTP/1.1\r\nHost: o',
  ],
  ['X h://o HTTP/1.1\r\nHost: p', 'X / HTTP/1.1\r\nHost: o'],
  ['GET http://[fd00::1]:8080/ HTTP/1.1\r\nHost: p', 'GET / HTTP/1.1\r\nHost: [fd00::1]:8080'],
  ['GET http://o/ HTTP/1.0', 'GET / HTTP/1.0'],
  [
    'GET http://o/ HTTP/1.1\r\nHost: o\r\nProxy-Authorization: Basic YTpi\r\nProxy-Connection: keep-alive\r\nAuthorization: x',
    'GET / HTTP/1.1\r\nHost: o\r\nAuthorization: x',
  ],
  ['GET / HTTP/1.1\r\nproxy-authorization: a\r\nHost: o\r\nPROXY-AUTHORIZATION: b', 'GET / HTTP/1.1\r\nHost: o'],
];

for (const [came, goes] of CASES) {
  t.test(`${came.split('\r\n')[0]}: what goes to the server`, async (t) => {
    t.equal(forwarded(came), goes);
  });
}
