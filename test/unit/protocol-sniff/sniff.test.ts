import t from 'tap';
import { SNIFF_LIMIT, sniff, type Verdict } from '../../../src/protocol-sniff/sniff.ts';

const cases: readonly (readonly [name: string, bytes: string, verdict: Verdict | 'need-more'])[] = [
  ['a GET', 'GET / HTTP/1.1\r\n', 'http1'],
  ['a POST to a long path', `POST /${'a'.repeat(3000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'http1'],
  ['HTTP/1.0', 'GET /x HTTP/1.0\r\n', 'http1'],
  ['an unknown method', 'FROBNICATE /x HTTP/1.1\r\n', 'http1'],
  ['a lower-case method with a version', 'get /x HTTP/1.1\r\n', 'http1'],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\n', 'http1'],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\n', 'http1'],
  ['an absolute target', 'GET http://a/b HTTP/1.1\r\n', 'http1'],
  ['empty lines before the request line', '\r\n\r\nGET / HTTP/1.1\r\n', 'http1'],
  ['a line feed alone, which the codec refuses', 'GET / HTTP/1.1\n', 'http1'],
  ['two spaces, which the codec refuses', 'GET  / HTTP/1.1\r\n', 'http1'],
  ['tabs, which the codec refuses', 'GET\t/\tHTTP/1.1\r\n', 'http1'],
  ['a blank at the end, which the codec refuses', 'GET / HTTP/1.1 \r\n', 'http1'],
  ['another version, which the codec refuses', 'GET / HTTP/3.0\r\n', 'http1'],
  ['a target in UTF-8, which the codec refuses', 'GET /\xc3\xa4 HTTP/1.1\r\n', 'http1'],
  ['a request line beyond the limit, for a 414', `GET /${'a'.repeat(SNIFF_LIMIT)}`, 'http1'],
  ['an endless line of another protocol', `get ${'a'.repeat(SNIFF_LIMIT)}`, 'opaque'],
  ['an endless word', 'a'.repeat(SNIFF_LIMIT), 'opaque'],
  ['half a request line', 'GET /index.ht', 'need-more'],
  ['a method alone', 'DELETE', 'need-more'],
  ['nothing', '', 'need-more'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
  ['the HTTP/2 preface with a SETTINGS frame', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'http2'],
  ['half the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\n', 'need-more'],
  ['a method that begins like the preface', 'PRINT /x HTTP/1.1\r\n', 'http1'],
  ['a broken preface, which the codec refuses', 'PRI * HTTP/2.0\r\n\r\nXX', 'http1'],
  ['a TLS 1.3 ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'tls'],
  ['half a TLS record header', '\x16\x03\x01', 'need-more'],
  ['a TLS record that is no ClientHello', '\x16\x03\x01\x02\x00\x02\x00\x01\xfc', 'opaque'],
  ['a TLS record of impossible length', '\x16\x03\x01\xff\xff\x01', 'opaque'],
  ['a TLS record of SSL 2', '\x16\x02\x00\x00\x10\x01', 'opaque'],
  ['a Redis inline command', 'GET key\r\n', 'opaque'],
  ['a Redis inline command on a key like a path', 'GET /key\r\n', 'opaque'],
  ['a RESP command', '*2\r\n$3\r\nGET\r\n$4\r\n/key\r\n', 'opaque'],
  ['a memcached command', 'get /x\r\n', 'opaque'],
  ['a memcached store', 'set k 0 0 5\r\nhello\r\n', 'opaque'],
  ['a NATS CONNECT', 'CONNECT {"verbose":false,"lang":"go"}\r\nPING\r\n', 'opaque'],
  ['an SMTP greeting', 'EHLO client.example\r\n', 'opaque'],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', 'opaque'],
  ['STOMP', 'CONNECT\naccept-version:1.2\n\n\0', 'opaque'],
  ['RTSP', 'OPTIONS rtsp://a/b RTSP/1.0\r\n', 'opaque'],
  ['SIP', 'REGISTER sip:a.example SIP/2.0\r\n', 'opaque'],
  ['HTTP/0.9', 'GET /\r\n', 'opaque'],
  ['a PostgreSQL startup packet', '\0\0\0\x08\x04\xd2\x16\x2f', 'opaque'],
  ['an MQTT connect', '\x10\x0c\x00\x04MQTT', 'opaque'],
  ['a binary protocol that begins with a word', 'ABC \x00\x01', 'opaque'],
  ['a MongoDB message', '\x3d\x00\x00\x00\x01\x00', 'opaque'],
];

for (const [name, text, verdict] of cases) {
  t.test(`${name} is ${verdict}`, (t) => {
    const bytes = Buffer.from(`..${text}`, 'latin1');
    t.equal(sniff(bytes, 2, bytes.length - 2), verdict, 'in one piece');
    t.end();
  });
  t.test(`${name}, byte by byte, is undecided until it is ${verdict}`, (t) => {
    const bytes = Buffer.from(text, 'latin1');
    let length = 0;
    while (length < bytes.length && sniff(bytes, 0, length) === 'need-more') length++;
    t.equal(sniff(bytes, 0, length), verdict, `after ${length} bytes`);
    t.end();
  });
}

t.test('a verdict is always reached within the limit', (t) => {
  for (const first of ['G', 'GET ', 'GET /', '\r\n', ' ', '\x16\x03\x01\x00\x10\x01', 'PRI * HTTP/2.0']) {
    const bytes = Buffer.from(first.padEnd(SNIFF_LIMIT, 'x'), 'latin1');
    t.not(sniff(bytes, 0, bytes.length), 'need-more', JSON.stringify(first));
  }
  t.end();
});

t.test('bytes before the given place are not looked at', (t) => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nEHLO a\r\n', 'latin1');
  t.equal(sniff(bytes, 16, 8), 'opaque');
  t.end();
});
