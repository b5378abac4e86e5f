import t from 'tap';
import type { HeaderEditView } from '../../../../src/contract/views.ts';
import { compileHeaderEdits } from '../../../../src/proxy/codec/http1/header-edits.ts';
import { FIELD_CONTENT_LENGTH, FIELD_HOST, FIELD_TE_TRAILERS } from '../../../../src/proxy/codec/http1/http1-head.ts';
import {
  BAD_AUTHORITY,
  type BodyFraming,
  TOO_LARGE,
  writeHttp1Request,
  writeHttp1Response,
} from '../../../../src/proxy/convert/write-http1.ts';
import { makeHead, makeSlab, read } from '../support/memory.ts';

const slab = makeSlab();
const CAPACITY = 4096;
type Fields = Parameters<typeof makeHead>[2];

function request(
  start: Parameters<typeof makeHead>[1],
  fields: Fields,
  framing: BodyFraming,
  edits: HeaderEditView | null = null,
): string | number {
  const insert = [{ name: Buffer.from('x-request-id'), value: Buffer.from('7') }];
  const plan = { edits: compileHeaderEdits(edits), insert: edits === null ? [] : insert, scheme: 'received' } as const;
  const head = makeHead(slab, start, fields);
  const n = writeHttp1Request(slab.bytes, head, slab.composeArea, CAPACITY, plan, framing);
  return n < 0 ? n : read(slab, slab.composeArea, n);
}

function response(
  status: number,
  fields: Fields,
  framing: BodyFraming,
  connection: 'none' | 'close' = 'none',
  edits: HeaderEditView | null = null,
): string {
  const head = makeHead(slab, { status }, fields);
  return read(
    slab,
    slab.composeArea,
    writeHttp1Response(slab.bytes, head, slab.composeArea, CAPACITY, compileHeaderEdits(edits), framing, connection),
  );
}

t.test('Host comes from the authority alone, cookies are joined, framing is ours', async (t) => {
  t.equal(
    request(
      { method: 'POST', target: '/a?b', authority: 'x:1' },
      [
        ['host', 'x:1', FIELD_HOST],
        ['cookie', 'a=1'],
        ['accept', '*/*'],
        ['cookie', 'b=2'],
        ['te', 'trailers', FIELD_TE_TRAILERS],
        ['content-length', '5', FIELD_CONTENT_LENGTH],
        ['content-length', '5', FIELD_CONTENT_LENGTH],
      ],
      'length',
    ),
    'POST /a?b HTTP/1.1\r\nhost: x:1\r\ncookie: a=1; b=2\r\naccept: */*\r\nte: trailers\r\nconnection: TE\r\ncontent-length: 5\r\n\r\n',
  );
  t.equal(request({}, [], 'chunked'), 'GET / HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n');
  t.equal(request({ method: 'PUT' }, [], 'empty'), 'PUT / HTTP/1.1\r\nhost: orders\r\ncontent-length: 0\r\n\r\n');
  t.equal(request({ authority: '' }, [], 'none'), 'GET / HTTP/1.1\r\nhost: \r\n\r\n');
});

t.test('edits replace, append and remove; the request id comes last', async (t) => {
  const edits: HeaderEditView = {
    set: [
      { name: 'Host', value: 'other' },
      { name: 'X-Set', value: 's' },
    ],
    add: [
      { name: 'x-add', value: '2' },
      { name: 'x-new', value: 'n' },
    ],
    remove: ['x-gone'],
  };
  t.equal(
    request(
      {},
      [
        ['x-set', 'old'],
        ['x-gone', '1'],
        ['x-add', '1'],
        ['x-kept', 'k'],
        ['x-set', 'old2'],
      ],
      'none',
      edits,
    ),
    'GET / HTTP/1.1\r\nhost: other\r\nx-kept: k\r\nX-Set: s\r\nx-add: 1,2\r\nx-new: n\r\nx-request-id: 7\r\n\r\n',
  );
});

t.test('an authority that could not stand in a Host line is refused, as is a head that does not fit', async (t) => {
  for (const authority of ['a b', 'user@host', 'a/b', 'a:99999'])
    t.equal(request({ authority }, [], 'none'), BAD_AUTHORITY, authority);
  t.equal(request({}, [['x', 'y'.repeat(CAPACITY)]], 'none'), TOO_LARGE);
});

t.test('answers get a status line and one framing; 1xx and 204 get none', async (t) => {
  t.equal(response(200, [['x-a', 'b']], 'chunked'), 'HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n');
  t.equal(
    response(299, [['content-length', '5', FIELD_CONTENT_LENGTH]], 'length', 'close'),
    'HTTP/1.1 299 \r\nconnection: close\r\ncontent-length: 5\r\n\r\n',
  );
  t.equal(response(204, [['content-length', '0', FIELD_CONTENT_LENGTH]], 'none'), 'HTTP/1.1 204 No Content\r\n\r\n');
  t.equal(
    response(304, [['content-length', '9', FIELD_CONTENT_LENGTH]], 'none'),
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
  );
  t.equal(
    response(
      103,
      [
        ['cookie', 'a'],
        ['cookie', 'b'],
      ],
      'none',
    ),
    'HTTP/1.1 103 Early Hints\r\ncookie: a\r\ncookie: b\r\n\r\n',
  );
  t.equal(response(200, [], 'until-close'), 'HTTP/1.1 200 OK\r\n\r\n');
});

t.test('edits of a response replace, append and cut its fields, whatever the framing', async (t) => {
  const edits = { set: [{ name: 'X-Set', value: 'new' }], add: [{ name: 'vary', value: 'B' }], remove: ['server'] };
  const fields: Fields = [
    ['x-set', 'old'],
    ['server', 'x'],
    ['vary', 'A'],
    ['x-kept', 'k'],
  ];
  t.equal(
    response(200, fields, 'chunked', 'close', edits),
    'HTTP/1.1 200 OK\r\nx-kept: k\r\nX-Set: new\r\nvary: A,B\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  t.equal(response(304, [], 'none', 'none', edits), 'HTTP/1.1 304 Not Modified\r\nX-Set: new\r\nvary: B\r\n\r\n');
});
