import t from 'tap';
import type { HeaderEditView } from '../../../../../src/contract/views.ts';
import { compileHeaderEdits } from '../../../../../src/proxy/codec/http1/header-edits.ts';
import type { Http2HeadPlan } from '../../../../../src/proxy/codec/http2/hpack-encoder.ts';
import type { MessageHead } from '../../../../../src/proxy/codec/message-head.ts';
import { plain, ReferenceDecoder } from './support/hpack-reference.ts';
import { DecoderRig, EncoderRig, http1Request, http1Response, PLAN } from './support/hpack-rig.ts';

function written(section: Buffer): string[] {
  return new ReferenceDecoder().decode(section).map(({ name, value }) => `${name}: ${value}`);
}
const request = (head: MessageHead, plan: Http2HeadPlan = PLAN) => written(new EncoderRig().request(head, plan));
const response = (head: MessageHead, plan: Http2HeadPlan = PLAN) => written(new EncoderRig().response(head, plan));
function edits(view: Partial<HeaderEditView>): Http2HeadPlan {
  return { ...PLAN, edits: compileHeaderEdits({ set: [], add: [], remove: [], ...view }) };
}
const PSEUDO = [':method: GET', ':scheme: http', ':authority: a', ':path: /'];

t.test('a request from HTTP/1.1 becomes one of HTTP/2', (t) => {
  const head = http1Request(
    'PUT /x?y HTTP/1.1',
    'Accept: */*',
    'HOST: A.example:81',
    'Content-Length: 3',
    'X-Mixed-Case: Value With Case',
    'Cookie: a=b; c=d',
    'TE: trailers',
    'Expect: 100-continue',
  );
  t.strictSame(request(head), [
    ':method: PUT',
    ':scheme: http',
    ':authority: A.example:81',
    ':path: /x?y',
    'accept: */*',
    'content-length: 3',
    'x-mixed-case: Value With Case',
    'cookie: a=b; c=d',
    'te: trailers',
    'expect: 100-continue',
  ]);
  t.end();
});

t.test('what concerns the connection stays there', (t) => {
  const head = http1Request(
    'POST / HTTP/1.1',
    'Host: a',
    'Connection: close, X-Hop, Authorization, content-type, TE',
    'X-Hop: 1',
    'Authorization: 2',
    'Content-Type: 3',
    'Keep-Alive: 4',
    'Proxy-Connection: 5',
    'Transfer-Encoding: chunked',
    'Upgrade: h2c',
    'HTTP2-Settings: AAA',
    'TE: trailers, gzip',
    'X-End: 6',
  );
  t.strictSame(request(head), [
    ':method: POST',
    ':scheme: http',
    ':authority: a',
    ':path: /',
    'authorization: 2',
    'content-type: 3',
    'x-end: 6',
  ]);
  const answer = http1Response(
    'other',
    'HTTP/1.1 200 Fine',
    'Connection: keep-alive, x-hop',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Transfer-Encoding: chunked',
    'Server: s',
  );
  t.strictSame(response(answer), [':status: 200', 'server: s']);
  t.end();
});

t.test('targets in all forms', (t) => {
  for (const [line, authority, path] of [
    ['GET http://b.example/p?q HTTP/1.1', 'b.example', '/p?q'],
    ['GET http://b.example HTTP/1.1', 'b.example', '/'],
    ['GET http://b.example?q=1 HTTP/1.1', 'b.example', '/?q=1'],
    ['OPTIONS * HTTP/1.1', 'a', '*'],
    ['OPTIONS http://b.example HTTP/1.1', 'b.example', '*'],
    ['OPTIONS http://b.example?x HTTP/1.1', 'b.example', '/?x'],
    ['GET / HTTP/1.1', 'a', '/'],
  ] as const) {
    const lines = request(http1Request(line, 'Host: a'));
    t.strictSame(lines.slice(2), [`:authority: ${authority}`, `:path: ${path}`], line);
  }
  t.strictSame(request(http1Request('GET / HTTP/1.0')), [':method: GET', ':scheme: http', ':path: /'], 'no Host');
  t.end();
});

t.test('the scheme is that of the plan, or as it came', (t) => {
  const rig = new DecoderRig();
  rig.decode(plain(':method: GET', ':scheme: https', ':authority: a', ':path: /'));
  t.equal(request(rig.head)[1], ':scheme: https');
  t.equal(request(rig.head, { ...PLAN, scheme: 'http' })[1], ':scheme: http');
  rig.decode(plain(':method: GET', ':scheme: ftp', ':authority: a', ':path: /'));
  t.equal(request(rig.head)[1], ':scheme: ftp');
  t.equal(request(http1Request('GET / HTTP/1.1', 'Host: a'), { ...PLAN, scheme: 'https' })[1], ':scheme: https');
  t.end();
});

t.test('HTTP/2 to HTTP/2 keeps everything, in order; Host goes into the authority', (t) => {
  const rig = new DecoderRig();
  const fields = ['b: 1', 'a: 2', 'b: 3', 'te: trailers', 'cookie: x=1', 'cookie: y=2', 'content-length: 0', 'e: '];
  rig.decode(plain(...PSEUDO, ...fields, 'host: a', 'http2-settings: x'));
  t.strictSame(request(rig.head), [...PSEUDO, ...fields]);
  rig.decode(plain(...PSEUDO.filter((line) => !line.startsWith(':auth')), 'host: b'));
  t.equal(request(rig.head)[2], ':authority: b');
  rig.decode(plain(':method: CONNECT', ':authority: a:443', 'x: y'));
  t.strictSame(request(rig.head), [':method: CONNECT', ':authority: a:443', 'x: y']);
  rig.decode(plain(':status: 103', 'link: </x>'), 'response');
  t.strictSame(response(rig.head), [':status: 103', 'link: </x>']);
  t.end();
});

t.test('a length where no content may be is cut', (t) => {
  t.strictSame(response(http1Response('other', 'HTTP/1.1 204 No', 'Content-Length: 5')), [':status: 204']);
  t.strictSame(response(http1Response('other', 'HTTP/1.1 304 No', 'Content-Length: 5')), [
    ':status: 304',
    'content-length: 5',
  ]);
  t.strictSame(response(http1Response('HEAD', 'HTTP/1.1 200 OK', 'Content-Length: 5')), [
    ':status: 200',
    'content-length: 5',
  ]);
  t.end();
});

t.test('statuses', (t) => {
  for (const status of [100, 200, 204, 206, 299, 304, 400, 404, 500, 503, 999]) {
    t.equal(response(http1Response('other', `HTTP/1.1 ${status} X`))[0], `:status: ${status}`);
  }
  t.end();
});

const editCases: readonly (readonly [title: string, plan: Http2HeadPlan, fields: string[], result: string[]])[] = [
  ['set replaces in place', edits({ set: [{ name: 'X-A', value: 'n' }] }), ['x-a: o', 'b: c'], ['x-a: n', 'b: c']],
  [
    'set leaves one of several',
    edits({ set: [{ name: 'x-a', value: 'n' }] }),
    ['x-a: 1', 'b: c', 'x-a: 2'],
    ['x-a: n', 'b: c'],
  ],
  ['set makes a new field', edits({ set: [{ name: 'X-A', value: 'n' }] }), ['b: c'], ['b: c', 'x-a: n']],
  [
    'add appends to the last',
    edits({ add: [{ name: 'x-a', value: 'n' }] }),
    ['x-a: 1', 'x-a: 2'],
    ['x-a: 1', 'x-a: 2,n'],
  ],
  ['add makes a new field', edits({ add: [{ name: 'x-a', value: 'n' }] }), ['b: c'], ['b: c', 'x-a: n']],
  ['add to an empty value', edits({ add: [{ name: 'x-a', value: 'n' }] }), ['x-a: '], ['x-a: n']],
  ['remove cuts every one', edits({ remove: ['x-a', 'nothing'] }), ['x-a: 1', 'b: c', 'x-a: 2'], ['b: c']],
  ['set of Host is the authority', edits({ set: [{ name: 'Host', value: 'new.example' }] }), ['b: c'], ['b: c']],
  [
    'several at once',
    edits({ set: [{ name: 'x-a', value: '1' }], add: [{ name: 'x-b', value: '2' }], remove: ['x-c'] }),
    ['x-c: 0', 'x-b: 1', 'x-a: 0'],
    ['x-b: 1,2', 'x-a: 1'],
  ],
];
for (const [title, plan, fields, result] of editCases) {
  t.test(`edits: ${title}`, (t) => {
    const authority = title.includes('Host') ? ':authority: new.example' : ':authority: a';
    const pseudo = [PSEUDO[0], PSEUDO[1], authority, PSEUDO[3]];
    const rig = new DecoderRig();
    rig.decode(plain(...PSEUDO, ...fields));
    t.strictSame(request(rig.head, plan), [...pseudo, ...result], 'from HTTP/2');
    const lines = fields.map((line) => line.replace(/^\w/, (first) => first.toUpperCase()));
    const head = http1Request('GET / HTTP/1.1', 'Host: a', ...lines);
    t.strictSame(request(head, plan), [...pseudo, ...result], 'from HTTP/1.1');
    const encoder = new EncoderRig();
    const reference = new ReferenceDecoder();
    for (let i = 0; i < 5; i++) {
      rig.decode(plain(...PSEUDO, ...fields));
      const again = reference.decode(encoder.request(rig.head, plan)).map(({ name, value }) => `${name}: ${value}`);
      t.strictSame(again, [...pseudo, ...result], `time ${i}`);
    }
    t.end();
  });
}

t.test('trailers: nothing that steers a message', (t) => {
  const rig = new DecoderRig();
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const fields = ['grpc-status: 0', 'grpc-message: ', 'x-checksum: 1'];
  for (let i = 0; i < 4; i++) {
    rig.decode(
      plain(fields[0], 'content-length: 3', 'host: x', fields[1], 'set-cookie: y', 'if-x: z', fields[2]),
      'trailers',
    );
    const lines = reference.decode(encoder.trailers(rig.head)).map(({ name, value }) => `${name}: ${value}`);
    t.strictSame(lines, fields);
  }
  rig.decode(plain('content-type: x'), 'trailers');
  t.equal(encoder.trailers(rig.head).length, 0, 'none left, nothing to send');
  encoder.encoder.setPeerLimit(0);
  t.equal(encoder.trailers(rig.head).length, 0);
  rig.decode(plain(fields[0]), 'trailers');
  t.equal(encoder.trailers(rig.head)[0], 0x20, 'the size update was not lost');
  t.end();
});
