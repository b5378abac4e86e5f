import t from 'tap';
import { type HeadKind, MALFORMED } from '../../../../../src/proxy/codec/http2/http2-head.ts';
import { plain, section } from './support/hpack-reference.ts';
import { DecoderRig, slice } from './support/hpack-rig.ts';

const GET = [':method: GET', ':scheme: http', ':authority: a.example', ':path: /'];
const without = (name: string) => GET.filter((line) => !line.startsWith(`:${name}:`));
const replaced = (name: string, value: string) => [...without(name), `:${name}: ${value}`];

function decode(lines: readonly string[], kind: HeadKind = 'request'): DecoderRig & { result: string[] | number } {
  const rig = new DecoderRig();
  return Object.assign(rig, { result: rig.decode(plain(...lines), kind) });
}

const malformed: readonly (readonly [title: string, lines: string[], kind?: HeadKind])[] = [
  ['no fields', []],
  ['no :method', without('method')],
  ['no :scheme', without('scheme')],
  ['no :path', without('path')],
  ['an empty :method', replaced('method', '')],
  ['a :method that is no token', replaced('method', 'GE T')],
  ['a :method of 65 letters', replaced('method', 'M'.repeat(65))],
  ['an empty :path', replaced('path', '')],
  ['a :path without a slash', replaced('path', 'index.html')],
  ['a :path in absolute form', replaced('path', 'http://a.example/')],
  ['a :path with a fragment', replaced('path', '/a#b')],
  ['a :path with a blank', replaced('path', '/a b')],
  ['a :path with a control character', replaced('path', '/a\u0001')],
  ['a :path with a line break', replaced('path', '/ HTTP/1.1\r\nx: y')],
  ['a :path with an 8-bit byte', replaced('path', '/\u00e9')],
  ['a :path of * for GET', replaced('path', '*')],
  ['an empty :scheme', replaced('scheme', '')],
  ['a :scheme that is none', replaced('scheme', 'ht tp')],
  ['a :scheme that begins with a digit', replaced('scheme', '1http')],
  ['an empty :authority', replaced('authority', '')],
  ['an :authority with user information', replaced('authority', 'me@a.example')],
  ['an :authority with a path', replaced('authority', 'a.example/x')],
  ['an :authority with a port too large', replaced('authority', 'a.example:65536')],
  ['an :authority with a comma list of blanks', replaced('authority', 'a, b')],
  [':status in a request', [...GET, ':status: 200']],
  [':protocol, which was not offered', [...GET, ':protocol: websocket']],
  ['an unknown pseudo-header field', [...GET, ':foo: bar']],
  ['a pseudo-header field twice', [...GET, ':path: /x']],
  ['the same pseudo-header field twice', [...GET, ':path: /']],
  ['a pseudo-header field after a regular one', [':method: GET', ':scheme: http', 'x: y', ':path: /']],
  ['an upper-case letter in a name', [...GET, 'X-y: z']],
  ['a blank in a name', [...GET, 'x y: z']],
  ['an 8-bit byte in a name', [...GET, '\u00e9: z']],
  ['NUL in a value', [...GET, 'x: a\u0000b']],
  ['CR in a value', [...GET, 'x: a\rb']],
  ['LF in a value', [...GET, 'x: a\nb']],
  ['DEL in a value', [...GET, 'x: a\u007fb']],
  ['a vertical tab in a value', [...GET, 'x: a\u000bb']],
  ['a value that begins with a blank', [...GET, 'x:  a']],
  ['a value that ends with a blank', [...GET, 'x: a ']],
  ['a value that begins with a tab', [...GET, 'x: \ta']],
  ['a value that ends with a tab', [...GET, 'x: a\t']],
  ['connection', [...GET, 'connection: close']],
  ['keep-alive', [...GET, 'keep-alive: timeout=5']],
  ['proxy-connection', [...GET, 'proxy-connection: close']],
  ['transfer-encoding', [...GET, 'transfer-encoding: chunked']],
  ['upgrade', [...GET, 'upgrade: websocket']],
  ['te with more than trailers', [...GET, 'te: trailers, gzip']],
  ['te gzip', [...GET, 'te: gzip']],
  ['an empty te', [...GET, 'te: ']],
  ['Host unlike :authority', [...GET, 'host: b.example']],
  ['Host with a port that :authority has not', [...GET, 'host: a.example:80']],
  ['two Host fields', [...GET, 'host: a.example', 'host: a.example']],
  ['an invalid lone Host', [...without('authority'), 'host: a/b']],
  ['an empty lone Host', [...without('authority'), 'host: ']],
  ['a negative content-length', [...GET, 'content-length: -1']],
  ['a content-length with a plus', [...GET, 'content-length: +1']],
  ['an empty content-length', [...GET, 'content-length: ']],
  ['a hexadecimal content-length', [...GET, 'content-length: 0x1']],
  ['a content-length that begins with 0', [...GET, 'content-length: 01']],
  ['a content-length list', [...GET, 'content-length: 1, 1']],
  ['a content-length above 2^53', [...GET, 'content-length: 9007199254740993']],
  ['two different content-lengths', [...GET, 'content-length: 1', 'content-length: 2']],
  ['two equal content-lengths', [...GET, 'content-length: 1', 'content-length: 1']],
  ['CONNECT with a path', [...replaced('method', 'CONNECT')]],
  ['CONNECT without authority', [':method: CONNECT']],
  ['CONNECT without a port', [':method: CONNECT', ':authority: a.example']],
  ['CONNECT to port 0', [':method: CONNECT', ':authority: a.example:0']],
  ['CONNECT with a body', [':method: CONNECT', ':authority: a.example:443', 'content-length: 1']],
  ['a response without :status', ['server: x'], 'response'],
  ['a response with :method', [':status: 200', ':method: GET'], 'response'],
  ['two :status', [':status: 200', ':status: 200'], 'response'],
  ['a :status of two digits', [':status: 20'], 'response'],
  ['a :status of four digits', [':status: 2000'], 'response'],
  ['a :status of 099', [':status: 099'], 'response'],
  ['a :status with letters', [':status: 2xx'], 'response'],
  ['101', [':status: 101'], 'response'],
  ['te in a response', [':status: 200', 'te: trailers'], 'response'],
  ['connection in a response', [':status: 200', 'connection: close'], 'response'],
  ['transfer-encoding in a response', [':status: 200', 'transfer-encoding: chunked'], 'response'],
  ['two lengths in a response', [':status: 200', 'content-length: 1', 'content-length: 2'], 'response'],
  ['a pseudo-header field in trailers', [':path: /'], 'trailers'],
  [':status in trailers', [':status: 200'], 'trailers'],
  ['te in trailers', ['te: trailers'], 'trailers'],
  ['connection in trailers', ['connection: close'], 'trailers'],
  ['an upper-case letter in trailers', ['Grpc-status: 0'], 'trailers'],
];
for (const [title, lines, kind] of malformed) {
  t.test(`${title}: malformed`, (t) => {
    const { result, decoder } = decode(lines, kind);
    t.equal(result, MALFORMED);
    t.match(decoder.reason, /^[^.]+$/, 'with a sentence');
    t.end();
  });
}

const welcome: readonly (readonly [title: string, lines: string[], kind?: HeadKind])[] = [
  ['a plain GET', GET],
  ['no :authority', without('authority')],
  ['any token as method', replaced('method', "!#$%&'*+-.^_`|~09AZaz")],
  ['every character of a target', replaced('path', '/~!$&\'()*+,;=:@%41?a/?"<>[]\\^`{|}')],
  ['* for OPTIONS', [':method: OPTIONS', ':scheme: http', ':path: *']],
  ['an IPv6 authority', replaced('authority', '[fd00::1]:8080')],
  ['CONNECT', [':method: CONNECT', ':authority: a.example:443']],
  ['another scheme', replaced('scheme', 'coap+tcp')],
  ['te: trailers', [...GET, 'te: trailers']],
  ['Host like :authority', [...GET, 'host: A.example']],
  ['empty and inner blanks, tabs and 8-bit bytes in values', [...GET, 'a: ', 'b: x \t y', 'c: \u00e9\u00ff']],
  ['the same name often', [...GET, 'x: 1', 'x: 2', 'x: 1']],
  ['a status nobody knows', [':status: 999'], 'response'],
  ['a content-length with zeros in a response', [':status: 200', 'content-length: 007'], 'response'],
  ['trailers', ['grpc-status: 0', 'grpc-message: x'], 'trailers'],
];
for (const [title, lines, kind] of welcome) {
  t.test(`${title}: fine`, (t) => {
    const { result } = decode(lines, kind);
    t.strictSame([...(result as string[])].sort(), [...lines].sort());
    t.end();
  });
}

t.test('a head says what routing reads', (t) => {
  const { head } = decode([...replaced('path', '/a/b?c=d?e'), 'expect: 100-continue', 'content-length: 17']);
  t.equal(slice(head.pathAt, head.pathLength), '/a/b');
  t.equal(slice(head.queryAt, head.queryLength), 'c=d?e');
  t.equal(slice(head.targetAt, head.targetLength), '/a/b?c=d?e');
  t.match(head, { isRequest: true, isHead: false, isConnect: false, contentLength: 17, expectContinue: true });
  t.match(decode(replaced('method', 'HEAD')).head, { isHead: true, queryLength: 0, contentLength: -1 });
  t.match(decode(replaced('path', '/?')).head, { pathLength: 1, queryLength: 0 });
  t.match(decode([':status: 204'], 'response').head, { isRequest: false, status: 204 });
  t.end();
});

t.test('CONNECT asks for its authority', (t) => {
  const { head } = decode([':method: CONNECT', ':authority: a.example:443']);
  t.equal(slice(head.targetAt, head.targetLength), 'a.example:443');
  t.match(head, { isConnect: true, pathLength: 0, schemeLength: 0 });
  t.end();
});

t.test('a lone Host is the authority', (t) => {
  const { head } = decode([...without('authority'), 'host: b.example:81']);
  t.equal(slice(head.authorityAt, head.authorityLength), 'b.example:81');
  t.end();
});

t.test('an authority that was fine is not taken for another, nor for that of a CONNECT', (t) => {
  const rig = new DecoderRig();
  const add = (line: string) => {
    const bytes = plain(line);
    bytes[0] = 0x40;
    return bytes;
  };
  const get = plain(':method: GET', ':scheme: http', ':path: /');
  const connect = plain(':method: CONNECT');
  t.strictSame(rig.decode(Buffer.concat([get, add(':authority: a.example')])), [
    ':method: GET',
    ':scheme: http',
    ':authority: a.example',
    ':path: /',
  ]);
  t.equal(rig.decode(Buffer.concat([connect, Buffer.from([0xbe])])), MALFORMED);
  t.equal(rig.decode(Buffer.concat([get, plain(':authority: a b')])), MALFORMED);
  t.equal(rig.decode(Buffer.concat([get, add(':authority: a b')])), MALFORMED);
  t.equal(rig.decode(Buffer.concat([get, Buffer.from([0xbe])])), MALFORMED);
  t.end();
});

t.test('a colon may only begin a name', (t) => {
  const rig = new DecoderRig();
  const colon = section({ type: 'literal', mode: 'plain', name: 'x:y', value: 'z' });
  t.equal(rig.decode(Buffer.concat([plain(...GET), colon])), MALFORMED);
  const empty = section({ type: 'literal', mode: 'plain', name: '', value: 'z' });
  t.equal(rig.decode(Buffer.concat([plain(...GET), empty])), MALFORMED);
  t.equal(rig.decode(Buffer.concat([plain(...GET), plain(':: z')])), MALFORMED);
  t.end();
});
