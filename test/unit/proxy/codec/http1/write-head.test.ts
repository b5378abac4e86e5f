import t from 'tap';
import type { HeaderEditView } from '../../../../../src/contract/views.ts';
import { findField } from '../../../../../src/proxy/codec/find-field.ts';
import { compileHeaderEdits, type HeadPlan, writeHead } from '../../../../../src/proxy/codec/http1/write-head.ts';
import { bytes, forward, OUT, parseRequest, parseResponse } from './fixture.ts';

const field = (name: string, value: string) => ({ name: Buffer.from(name), value: Buffer.from(value) });
const PLAIN: HeadPlan = { connection: 'none', edits: null, insert: [] };
const START = 'GET / HTTP/1.1\r\nHost: a\r\n';

function edits(view: Partial<HeaderEditView>): HeaderEditView {
  return { set: view.set ?? [], add: view.add ?? [], remove: view.remove ?? [] };
}

t.test('lines of ours go after the last field, with or without other changes', (t) => {
  const lines = 'x-request-id: 1\r\nx-b: 2\r\n';
  const insert = [field('x-request-id', '1'), field('x-b', '2')];
  t.equal(forward(parseRequest(`${START}A: b\r\n\r\n`), { ...PLAIN, insert }), `${START}A: b\r\n${lines}\r\n`);
  const cut = parseRequest(`${START}Keep-Alive: x\r\nA: b\r\n\r\n`);
  t.equal(forward(cut, { ...PLAIN, insert }), `${START}A: b\r\n${lines}\r\n`);
  t.end();
});

t.test('lines are cut wherever they are: first, last, neighbours, all', (t) => {
  for (const [fields, left] of [
    ['Keep-Alive: 1\r\nHost: a\r\nB: c\r\n', 'Host: a\r\nB: c\r\n'],
    ['Host: a\r\nB: c\r\nKeep-Alive: 1\r\n', 'Host: a\r\nB: c\r\n'],
    ['Host: a\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nB: c\r\n', 'Host: a\r\nB: c\r\n'],
  ]) {
    t.equal(forward(parseRequest(`GET / HTTP/1.1\r\n${fields}\r\n`), PLAIN), `GET / HTTP/1.1\r\n${left}\r\n`);
  }
  const all = parseResponse('HTTP/1.1 200 OK\r\nKeep-Alive: 1\r\nConnection: x\r\n\r\n', 'other');
  t.equal(forward(all, PLAIN), 'HTTP/1.1 200 OK\r\n\r\n');
  t.end();
});

t.test('an output that is too small is not written to', (t) => {
  const head = parseRequest(`${START}\r\n`);
  bytes.fill(0x2e, OUT, OUT + 200);
  t.equal(writeHead(bytes, head, OUT, 100, PLAIN), -1);
  t.equal(bytes.toString('latin1', OUT, OUT + 200), '.'.repeat(200));
  t.equal(writeHead(bytes, head, OUT, 27 + 128, PLAIN), 27, 'the head and 128 bytes suffice');
  t.end();
});

const editCases: readonly (readonly [title: string, levels: HeaderEditView[], fields: string, result: string])[] = [
  [
    'set replaces in place and keeps the name',
    [edits({ set: [{ name: 'x-a', value: 'new' }] })],
    'X-A:  old \r\nB: c\r\n',
    'X-A:  new\r\nB: c\r\n',
  ],
  [
    'set leaves one line of several',
    [edits({ set: [{ name: 'x-a', value: 'n' }] })],
    'X-A: 1\r\nB: c\r\nx-a: 2\r\n',
    'X-A: n\r\nB: c\r\n',
  ],
  ['set makes a new line', [edits({ set: [{ name: 'X-A', value: 'n' }] })], 'B: c\r\n', 'B: c\r\nX-A: n\r\n'],
  ['set fills an empty value', [edits({ set: [{ name: 'x-a', value: 'n' }] })], 'X-A:\r\n', 'X-A:n\r\n'],
  ['set to nothing empties the value', [edits({ set: [{ name: 'x-a', value: '' }] })], 'X-A: o\r\n', 'X-A: \r\n'],
  [
    'add appends with a comma',
    [edits({ add: [{ name: 'x-a', value: 'bar,baz' }] })],
    'X-A: foo \r\n',
    'X-A: foo,bar,baz\r\n',
  ],
  [
    'add appends to the last line of several',
    [edits({ add: [{ name: 'x-a', value: '3' }] })],
    'X-A: 1\r\nx-a: 2\r\n',
    'X-A: 1\r\nx-a: 2,3\r\n',
  ],
  ['add makes a new line', [edits({ add: [{ name: 'X-A', value: '1' }] })], '', 'X-A: 1\r\n'],
  ['add to an empty value needs no comma', [edits({ add: [{ name: 'x-a', value: '1' }] })], 'X-A: \r\n', 'X-A:1\r\n'],
  ['remove cuts every line of the name', [edits({ remove: ['X-A'] })], 'x-a: 1\r\nB: c\r\nX-a: 2\r\n', 'B: c\r\n'],
  ['remove of what is not there changes nothing', [edits({ remove: ['X-A'] })], 'B: c\r\n', 'B: c\r\n'],
  [
    'the backend adds to what the rule set',
    [edits({ set: [{ name: 'x', value: '1' }] }), edits({ add: [{ name: 'X', value: '2' }] })],
    'X: 0\r\n',
    'X: 1,2\r\n',
  ],
  [
    'the backend removes what the rule added',
    [edits({ add: [{ name: 'x', value: '1' }] }), edits({ remove: ['x'] })],
    'X: 0\r\n',
    '',
  ],
  [
    'the backend sets what the rule removed',
    [edits({ remove: ['x'] }), edits({ set: [{ name: 'x', value: '2' }] })],
    'X: 0\r\n',
    'X: 2\r\n',
  ],
  [
    'adds of both levels follow each other',
    [edits({ add: [{ name: 'x', value: '1' }] }), edits({ add: [{ name: 'x', value: '2' }] })],
    '',
    'x: 1,2\r\n',
  ],
  ['Host can be set', [edits({ set: [{ name: 'host', value: 'b' }] })], '', ''],
];

for (const [title, levels, fields, result] of editCases) {
  t.test(`edits: ${title}`, (t) => {
    const host = title.startsWith('Host') ? 'b' : 'a';
    const plan = { ...PLAIN, edits: compileHeaderEdits(...levels) };
    t.equal(forward(parseRequest(`${START}${fields}\r\n`), plan), `GET / HTTP/1.1\r\nHost: ${host}\r\n${result}\r\n`);
    t.end();
  });
}

t.test('edits that touch framing or break a line are left out and named', (t) => {
  const view = edits({
    set: [
      { name: 'Content-Length', value: '1' },
      { name: 'X-A', value: 'a\r\nX-B: c' },
      { name: 'X A', value: 'b' },
      { name: 'Connection', value: 'close' },
      { name: 'X-C', value: '\u20ac' },
    ],
    add: [{ name: 'Host', value: 'b' }],
    remove: ['Transfer-Encoding', 'host', ''],
  });
  const compiled = compileHeaderEdits(view);
  t.same(compiled?.ignored, [
    'Content-Length',
    'X-A',
    'X A',
    'Connection',
    'X-C',
    'Host',
    'Transfer-Encoding',
    'host',
    '',
  ]);
  t.equal(forward(parseRequest(`${START}\r\n`), { ...PLAIN, edits: compiled }), `${START}\r\n`);
  t.end();
});

t.test('no edits compile to null', (t) => {
  t.equal(compileHeaderEdits(), null);
  t.equal(compileHeaderEdits(null, null), null);
  t.equal(compileHeaderEdits(edits({}), null), null);
  t.end();
});

t.test('many edits on a head of many fields stay within the promised size', (t) => {
  const set = Array.from({ length: 48 }, (_, i) => ({ name: `X-${i}`, value: 'v'.repeat(100) }));
  const compiled = compileHeaderEdits(edits({ set }));
  const lines = set.map(({ name }) => `${name}: o\r\n`).join('');
  const head = parseRequest(`${START}${lines}\r\n`);
  const capacity = head.endAt - head.startAt + 128 + (compiled?.maxBytes ?? 0);
  const length = writeHead(bytes, head, OUT, capacity, { ...PLAIN, edits: compiled });
  t.ok(length > 4800 && length <= capacity);
  t.equal(
    bytes.toString('latin1', OUT, OUT + length),
    `${START}${lines.replaceAll(': o', `: ${'v'.repeat(100)}`)}\r\n`,
  );
  t.end();
});

t.test('a field is found by its lower-case name', (t) => {
  const head = parseRequest(`${START}X-Request-ID: 7\r\n\r\n`);
  t.equal(findField(bytes, head, 'x-request-id'), 1);
  t.equal(findField(bytes, head, 'x-request-i'), -1);
  t.equal(findField(bytes, head, 'y-request-id'), -1);
  t.end();
});
