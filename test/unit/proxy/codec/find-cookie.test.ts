import t from 'tap';
import { findCookie } from '../../../../src/proxy/codec/find-cookie.ts';
import { constantBytes } from '../../../../src/proxy/codec/http1/bytes.ts';
import { bytes, parseRequest } from './http1/fixture.ts';

function cookie(name: string, ...fields: string[]): string | null {
  const head = parseRequest(`GET / HTTP/1.1\r\nHost: a\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`);
  const value = { at: 0, length: 0 };
  if (!findCookie(bytes, head, constantBytes(name), value)) return null;
  return bytes.toString('latin1', value.at, value.at + value.length);
}

for (const [fields, name, wanted] of [
  [['Cookie: a=1; b=2; c=3'], 'b', '2'],
  [['Cookie: a=1; b=2; c=3'], 'c', '3'],
  [['Cookie: a=1;b=2'], 'b', '2'],
  [['cookie: a=1'], 'a', '1'],
  [['Cookie: a=1', 'Cookie: b=2'], 'b', '2'],
  [['Cookie: a=1; a=2'], 'a', '1'],
  [['Cookie: a='], 'a', ''],
  [['Cookie: a=x=y'], 'a', 'x=y'],
  [['Cookie: ab=1; xa=2'], 'a', null],
  [['Cookie: A=1'], 'a', null],
  [['Cookie: a'], 'a', null],
  [['Cookie: ; ;; a=1 ;'], 'a', '1'],
  [['Cookie: x="q; a=1'], 'a', '1'],
  [['Cookies: a=1'], 'a', null],
  [[], 'a', null],
] as const) {
  t.test(`${name} in ${JSON.stringify(fields)}`, async (t) => {
    t.equal(cookie(name, ...fields), wanted);
  });
}
