/** Streams of HTTP/1 messages, mostly sound in their parts, with the tricks that smuggling is made of. */
import type { Random } from './random.ts';

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'FOO', 'CONNECT'];
const TARGETS = [
  '/',
  '/',
  '/a?b=c',
  '*',
  'http://b/x',
  'http://b',
  '/%20',
  '/a#b',
  '//x',
  'x',
  'a:80',
  '/\xe9',
  '/a b',
  '',
];
const VERSIONS = [
  ...Array<string>(12).fill('HTTP/1.1'),
  'HTTP/1.0',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'http/1.1',
  'HTTP/1.10',
  'ICE/1.0',
];
const STATUSES = [
  '200 OK',
  '200 OK',
  '200',
  '200 ',
  '204 No Content',
  '304 Not Modified',
  '404 \xe9',
  '100 Continue',
  '103 Early',
  '110 Odd',
  '101 Switching Protocols',
  '500 Oh\tno',
  '099 Odd',
  '999 Odd',
  '20 Odd',
  '2000 Odd',
  '200OK',
];
const BREAKS = [
  ...Array<string>(60).fill('\r\n'),
  '\n',
  '\r',
  '\r\n ',
  ' \r\n',
  '\t\r\n',
  '\r\r\n',
  '\r\n\t',
  '\n\r\n',
];
const LENGTHS = [
  '0',
  '0',
  '1',
  '3',
  '3',
  '5',
  '5',
  '10',
  '05',
  '+5',
  '-1',
  '5, 5',
  '5,3',
  '0x5',
  ' 5 ',
  '\t5',
  '5\t',
  '5 5',
  '',
  '5\x0b',
  '18446744073709551621',
  '9007199254740993',
  '5_0',
  '5.0',
  '5;',
  '"5"',
  '\xb5',
];
const CODINGS = [
  'chunked',
  'chunked',
  'chunked',
  'Chunked',
  'CHUNKED',
  'gzip, chunked',
  'gzip',
  'chunked, chunked',
  ',chunked',
  'chunked,',
  ' chunked ',
  '\tchunked',
  'chunked\t',
  'xchunked',
  'chunkedx',
  'identity',
  'identity, chunked',
  'chunked, identity',
  '"chunked"',
  'chunked;q=1',
  'chunked; a',
  '',
  'chun\tked',
  'chunked\x0b',
  '\x0bchunked',
  'chunked chunked',
  'gzip,\tchunked',
  'deflate , chunked',
  'trailers',
  'chunked\x00',
];
const NAMES_OF_LENGTH = [
  'Content-Length',
  'Content-Length',
  'content-length',
  'Content-Length ',
  'Content-Length\t',
  ' Content-Length',
  'Content_Length',
  'Content-Length\x00',
  'CONTENT-LENGTH',
  'Content-Lengt\x68',
];
const NAMES_OF_CODING = [
  'Transfer-Encoding',
  'Transfer-Encoding',
  'transfer-encoding',
  'Transfer-Encoding ',
  'Transfer-Encoding\t',
  ' Transfer-Encoding',
  'Transfer_Encoding',
  'Transfer-Encoding\x00',
  'X: y\rTransfer-Encoding',
  'X: y\nTransfer-Encoding',
];
const OTHERS = [
  'X-A: 1',
  'X-A:',
  'X-A:  two  blanks ',
  'Accept: */*',
  ': empty',
  'NoColon',
  'X-N: \x00',
  'X-D: \x7f',
  'X-C: a\rb',
  'X-8: \xe9\xff',
  'X-T:\ta\tb\t',
  'X(Y): 1',
  'Cookie: a=b; c=d',
  '__proto__: x',
  'X-Long: ' + 'a'.repeat(300),
];
const CONNECTIONS = [
  'close',
  'keep-alive',
  'Close',
  'close\t',
  'keep-alive, close',
  'X-A',
  'Content-Length',
  'Transfer-Encoding',
  'Upgrade',
  'upgrade, keep-alive',
  'TE',
  'Host',
  ',',
  '',
  'close, close',
  '"close"',
];
const HOSTS = [
  'Host: h',
  'Host: h',
  'host:h',
  'Host: h:80',
  'Host:',
  'Host: a b',
  'Host: a, b',
  'Host : h',
  'Host: [::1]',
];
const UPGRADES = ['websocket', 'h2c', 'WebSocket', 'h2c, websocket', 'tls/1.0', ''];
const EXTENSIONS = [
  ...Array<string>(100).fill(''),
  ';a',
  ';a=b',
  ';a="b c"',
  ';a',
  ';a=b',
  ';a="b c"',
  ';a="b;c"',
  ' ',
  ';',
  ';\n',
  ' ;a',
  ';a=b;c',
  '\t',
  ';a="\r\n"',
  ';\x00',
  'x',
  ';' + 'e'.repeat(280),
];
const SIZES = [
  ...Array<string>(120).fill('%'),
  '0%',
  '000%',
  '0x%',
  '+%',
  '-%',
  '% ',
  ' %',
  '%.0',
  '',
  '%\r',
  '1%',
  'FFFFFFFFFFFFFFFF%',
  '0'.repeat(300) + '%',
];
const TRAILERS = [
  '',
  '',
  '',
  '',
  'X-T: 1\r\n',
  'X-T: 1\r\nX-U: 2\r\n',
  'Host: z\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  ' x: y\r\n',
  'X: a\n',
  'X : a\r\n',
  'X\r\n',
  ': x\r\n',
  'X: a\r\n b\r\n',
];
const BODIES = [
  '',
  '',
  'abc',
  'hello',
  'G',
  '0\r\n\r\n',
  '\r\n',
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
];
const DATA = [
  'a',
  'abc',
  'hello',
  'x'.repeat(16),
  '\r\n',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n',
  '\x00\xff',
];

function chunkedBody(random: Random): string {
  const chunks = random.several(0, 4, () => {
    const data = random.pick(DATA);
    const size = random.pick(SIZES).replace('%', data.length.toString(16));
    const end = random.oneIn(60) ? random.pick(['\n', '', '\r', 'X\r\n']) : '\r\n';
    return `${size}${random.pick(EXTENSIONS)}${random.oneIn(100) ? '\n' : '\r\n'}${data}${end}`;
  });
  const last = random.oneIn(20) ? random.pick(['00', '0;x', '0 ', '-0', '0x0', '', 'g']) : '0';
  return `${chunks.join('')}${last}\r\n${random.oneIn(3) ? random.pick(TRAILERS) : ''}${random.oneIn(60) ? '\n' : '\r\n'}`;
}

function field(random: Random): string {
  switch (random.below(8)) {
    case 0:
    case 1:
      return `${random.oneIn(3) ? random.pick(NAMES_OF_LENGTH) : 'Content-Length'}: ${random.pick(LENGTHS)}`;
    case 2:
    case 3:
      return `${random.oneIn(3) ? random.pick(NAMES_OF_CODING) : 'Transfer-Encoding'}: ${random.pick(CODINGS)}`;
    case 4:
      return `Connection: ${random.pick(CONNECTIONS)}`;
    case 5:
      return random.oneIn(3) ? `Upgrade: ${random.pick(UPGRADES)}` : random.pick(HOSTS);
    default:
      return random.pick(OTHERS);
  }
}

function rest(random: Random, fields: string[], tidy: boolean): string {
  const lines = fields.map((line) => line + (tidy ? '\r\n' : random.pick(BREAKS))).join('');
  return `${lines}${tidy ? '\r\n' : random.pick(BREAKS)}`;
}

/** Half of the messages are framed soundly, so that streams go on; the rest is anything. */
function message(random: Random, start: string, first: string[]): string {
  const data = random.pick(DATA);
  switch (random.below(6)) {
    case 0:
    case 3:
      return `${start}${rest(random, [...first, `Content-Length: ${data.length}`], true)}${data}`;
    case 1:
      return `${start}${rest(random, [...first, ...random.several(0, 2, () => random.pick(OTHERS)), 'Transfer-Encoding: chunked'], true)}${chunkedBody(random)}`;
    case 2:
      return `${start}${rest(random, [...first, 'X-A: 1'], true)}`;
    default:
      return `${start}${rest(random, [...first, ...random.several(0, 4, () => field(random))], random.oneIn(2))}${random.oneIn(2) ? chunkedBody(random) : random.pick(BODIES)}`;
  }
}

function request(random: Random): string {
  const before = random.oneIn(60) ? random.pick(['\r\n', '\n', '\r\n\r\n\r\n', ' ']) : '';
  const method = random.pick(METHODS);
  const target = random.oneIn(10) ? random.pick(TARGETS) : method === 'CONNECT' ? 'a:80' : '/p';
  const version = random.oneIn(8) ? random.pick(VERSIONS) : 'HTTP/1.1';
  const start = `${before}${method} ${target} ${version}${random.oneIn(60) ? random.pick(BREAKS) : '\r\n'}`;
  return message(random, start, random.oneIn(40) ? [] : ['Host: h']);
}

function response(random: Random): string {
  const version = random.oneIn(10) ? random.pick(VERSIONS) : 'HTTP/1.1';
  const start = `${version} ${random.oneIn(4) ? random.pick(STATUSES) : '200 OK'}${random.oneIn(50) ? random.pick(BREAKS) : '\r\n'}`;
  return message(random, start, []);
}

const SPLICES = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  '\x0b',
  '\x00',
  ':',
  ';',
  ',',
  '0',
  '0\r\n\r\n',
  '\r\n\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: h\r\n',
  ' chunked',
  'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
  '\xff',
];

/** Replaces, drops, doubles, swaps and inserts bytes here and there, more often at the ends of lines. */
export function mutate(random: Random, text: string, times: number): string {
  let out = text;
  for (let i = 0; i < times && out.length > 0; i++) {
    let at = random.below(out.length);
    if (random.oneIn(2)) at = Math.max(0, out.indexOf(random.pick(['\r', '\n', ':', ' ']), at));
    const kept = out.slice(at + 1);
    const old = out.charAt(at);
    switch (random.below(6)) {
      case 0:
        out = out.slice(0, at) + String.fromCharCode(random.below(256)) + kept;
        break;
      case 1:
        out = out.slice(0, at) + kept;
        break;
      case 2:
        out = out.slice(0, at) + old + old + kept;
        break;
      case 3:
        out = out.slice(0, at) + kept.charAt(0) + old + kept.slice(1);
        break;
      case 4:
        out = out.slice(0, at) + (old === old.toUpperCase() ? old.toLowerCase() : old.toUpperCase()) + kept;
        break;
      default:
        out = out.slice(0, at) + random.pick(SPLICES) + old + kept;
    }
  }
  return out;
}

export type StreamKind = 'request' | 'response';

/** A few messages on one connection, ended by one that is plainly sound: where it is found tells how those before were framed. */
export function generateStream(random: Random, kind: StreamKind): string {
  const make = kind === 'request' ? request : response;
  const marker =
    kind === 'request' ? 'GET /marker HTTP/1.1\r\nHost: h\r\n\r\n' : 'HTTP/1.1 201 marker\r\nContent-Length: 0\r\n\r\n';
  const text = random.several(1, 3, () => make(random)).join('') + marker;
  return random.oneIn(3) ? mutate(random, text, 1 + random.below(3)) : text;
}
