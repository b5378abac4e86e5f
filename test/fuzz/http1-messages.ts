/** Random HTTP/1 messages: mostly sound parts, some of the classic tricks, sometimes a byte changed. */
import fc from 'fast-check';

const lineBreak = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\n ', ' \r\n', '\t\r\n'),
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE');
const target = fc.constantFrom('/', '/a?b=c', '*', 'http://b/x', '/%20', '/a#b', '//x', 'x');
const version = fc.oneof(
  { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
  fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0'),
);
const size = fc.constantFrom('0', '1', '3', '5', '05', '+5', '5, 5', '0x5', ' 5 ', '5 5', '');

const field = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('Host: a', 'host:b', 'Host:', 'X-A: 1', 'Accept: */*', 'X-Empty:') },
  { weight: 6, arbitrary: size.map((n) => `Content-Length: ${n}`) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        'chunked',
        'Chunked',
        'gzip, chunked',
        'chunked, chunked',
        ',chunked',
        'xchunked',
        'identity',
        '"chunked"',
        '',
      )
      .map((coding) => `Transfer-Encoding: ${coding}`),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'Connection: keep-alive',
      'Connection: X-A',
      'Connection: Content-Length',
      'TE: trailers',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'Content-Length : 3',
      ' Transfer-Encoding: chunked',
      'Transfer-Encoding\t: chunked',
      ': x',
      'X',
      'X: \x00',
    ),
  },
);

const chunk = fc
  .tuple(fc.string({ maxLength: 9 }), fc.constantFrom('', '', '', ';a', ';a=b', ';a="b c"', ' ', ';', ';\n'))
  .map(([data, extension]) => {
    const text = Buffer.from(data).toString('latin1');
    return text === '' ? '' : `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
  });
const trailers = fc.constantFrom('', '', 'X-T: 1\r\n', 'Host: z\r\n', 'Content-Length: 3\r\n', ' x: y\r\n', 'X: a\n');
const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), trailers, fc.constantFrom('0', '0', '0', '00', '0;x', '0x', ''))
  .map(([chunks, end, zero]) => `${chunks.join('')}${zero}\r\n${end}\r\n`);
const body = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', '', 'abc', 'hello', 'G') },
  { weight: 3, arbitrary: chunkedBody },
);

/** One message, right or wrong. */
const strange = fc
  .tuple(method, target, version, fc.array(fc.tuple(field, lineBreak), { maxLength: 5 }), lineBreak, body)
  .map(([m, u, v, fields, end, content]) => {
    return `${m} ${u} ${v}\r\nHost: h\r\n${fields.map(([f, e]) => f + e).join('')}${end}${content}`;
  });
const soundChunked = chunkedBody.map(
  (content) => `POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${content}`,
);
const soundLength = fc
  .string({ maxLength: 20 })
  .map((text) => Buffer.from(text).toString('latin1'))
  .map((text) => `PUT /l HTTP/1.1\r\nHost: h\r\nContent-Length: ${text.length}\r\n\r\n${text}`);

export const message = fc.oneof(strange, soundChunked, soundLength);

/** A few messages on one connection, ended by a marker request; sometimes one byte is replaced, dropped or doubled. */
export const stream = fc
  .tuple(
    fc.array(message, { minLength: 1, maxLength: 3 }),
    fc.option(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('replace', 'drop', 'double')), { freq: 2 }),
  )
  .map(([messages, change]) => {
    const text = `${messages.join('')}GET /marker HTTP/1.1\r\nHost: h\r\n\r\n`;
    if (change === null) return text;
    const [where, byte, how] = change;
    const at = where % text.length;
    const middle = { replace: String.fromCharCode(byte), drop: '', double: text.charAt(at) + text.charAt(at) }[how];
    return text.slice(0, at) + middle + text.slice(at + 1);
  });
