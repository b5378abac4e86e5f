import t from 'tap';
import { endLine, lineBytes, NO_FIELDS, putLines } from '../../../../../src/proxy/codec/http1/inserted-lines.ts';

const field = (name: string, value: string) => ({ name: Buffer.from(name), value: Buffer.from(value, 'latin1') });

t.test('each field is a line, in order, of as many bytes as were asked for', (t) => {
  const fields = [field('x-request-id', '1'), field('x-empty', ''), field('set-cookie', 'a=\xe9; path=/')];
  const lines = 'x-request-id: 1\r\nx-empty: \r\nset-cookie: a=\xe9; path=/\r\n';
  const bytes = Buffer.alloc(100, '#');
  t.equal(lineBytes(fields), lines.length);
  t.equal(putLines(bytes, 10, fields), 10 + lines.length);
  t.equal(bytes.toString('latin1'), `${'#'.repeat(10)}${lines}${'#'.repeat(90 - lines.length)}`);
  t.end();
});

t.test('without fields nothing is written', (t) => {
  const bytes = Buffer.alloc(4, '#');
  t.equal(lineBytes(NO_FIELDS), 0);
  t.equal(putLines(bytes, 2, NO_FIELDS), 2);
  t.equal(endLine(bytes, 1), 3);
  t.equal(bytes.toString('latin1'), '#\r\n#');
  t.end();
});
