import t from 'tap';
import { compileHeaderEdits } from '../../../../src/proxy/codec/http1/header-edits.ts';
import { addFields } from '../../../../src/proxy/codec/own-lines.ts';
import { forward, parseResponse } from './http1/fixture.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Id: 7\r\nX-Id: 8\r\nContent-Length: 0\r\n\r\n';
const write = (fields: Parameters<typeof addFields>[1], edits: Parameters<typeof addFields>[0] = null): string[] =>
  forward(parseResponse(ANSWER, 'other'), { connection: 'none', edits: addFields(edits, fields), insert: [] })
    .split('\r\n')
    .slice(1, -2);

t.test('a cookie is a line of its own beside those of the server', async (t) => {
  t.same(write([{ name: 'set-cookie', value: 'sid=x; Path=/', replaces: false }]), [
    'Set-Cookie: a=1',
    'X-Id: 7',
    'X-Id: 8',
    'Content-Length: 0',
    'set-cookie: sid=x; Path=/',
  ]);
});

t.test('another field takes the place of those of its name', async (t) => {
  t.same(write([{ name: 'x-id', value: '9', replaces: true }]), ['Set-Cookie: a=1', 'X-Id: 9', 'Content-Length: 0']);
  t.same(write([{ name: 'x-new', value: '9', replaces: true }]).at(-1), 'x-new: 9');
});

t.test('the edits of the route stay, and none stay none', async (t) => {
  const edits = compileHeaderEdits({ set: [], add: [], remove: ['X-Id'] });
  t.same(write([{ name: 'set-cookie', value: 's=1', replaces: false }], edits), [
    'Set-Cookie: a=1',
    'Content-Length: 0',
    'set-cookie: s=1',
  ]);
  t.equal(addFields(edits, []), edits);
  t.equal(addFields(null, []), null);
});
