/** What servers may answer. */
import t from 'tap';
import { createClient, request } from './support/client-rig.ts';
import { data, type Fields, GET, headers, OK, POST, reset, settings } from './support/frame-text.ts';

const HEAD: Fields = [[':method', 'HEAD'], ...GET.slice(1)];
const CONNECT: Fields = [
  [':method', 'CONNECT'],
  [':authority', 'shop:443'],
];
const status = (code: number, ...more: Fields): Fields => [[':status', String(code)], ...more];

for (const bytewise of [false, true]) {
  t.test(`answers come with interim heads, bodies and trailers${bytewise ? ', byte by byte' : ''}`, (t) => {
    const rig = createClient({ bytewise });
    request(rig);
    rig.feed(headers(1, status(100)), headers(1, status(103, ['link', '</a>'])), headers(1, OK), data(1, 'a'));
    rig.feed(data(1, 'b'), headers(1, [['grpc-status', '0']], true));
    t.same(rig.heard(), ['head 1 100', 'head 1 103', 'head 1 200', 'data 1 "a"', 'data 1 "b"', 'trailers 1 1', 'idle']);
    rig.session.close('over');
    t.equal(rig.memory.slab.chunksInUse, 0);
    t.end();
  });
}

interface Answer {
  readonly title: string;
  readonly request?: Fields;
  readonly in: readonly Buffer[];
  readonly heard: readonly string[];
}

const GOOD: readonly Answer[] = [
  { title: 'a head alone', in: [headers(1, status(204), true)], heard: ['head 1 204 end', 'idle'] },
  {
    title: 'an answer to HEAD that says how long it would be',
    request: HEAD,
    in: [headers(1, status(200, ['content-length', '500']), true)],
    heard: ['head 1 200 end', 'idle'],
  },
  {
    title: '304 that says how long it would be',
    in: [headers(1, status(304, ['content-length', '500']), true)],
    heard: ['head 1 304 end', 'idle'],
  },
  {
    title: 'an answer to HEAD that ends with an empty frame',
    request: HEAD,
    in: [headers(1, status(200, ['content-length', '5'])), data(1, '', true)],
    heard: ['head 1 200', 'data 1 "" end', 'idle'],
  },
  {
    title: 'a tunnel whose answer says content-length',
    request: CONNECT,
    in: [headers(1, status(200, ['content-length', '2'])), data(1, 'abc')],
    heard: ['head 1 200', 'data 1 "abc"'],
  },
  {
    title: 'an early answer, then NO_ERROR: no more of the request is wanted',
    request: POST,
    in: [headers(1, status(413), true), reset(1, 0)],
    heard: ['head 1 413 end', 'reset 1 NO_ERROR', 'idle'],
  },
];

const malformed = ['reset 1 PROTOCOL_ERROR', 'idle'];
const BAD: readonly Answer[] = [
  { title: 'an interim head that ends the stream', in: [headers(1, status(100), true)], heard: malformed },
  { title: 'DATA before the head', in: [data(1, 'x')], heard: malformed },
  {
    title: 'DATA after an interim head',
    in: [headers(1, status(100)), data(1, 'x')],
    heard: ['head 1 100', ...malformed],
  },
  {
    title: 'a body in an answer to HEAD',
    request: HEAD,
    in: [headers(1, OK), data(1, 'x')],
    heard: ['head 1 200', ...malformed],
  },
  { title: 'a body with 204', in: [headers(1, status(204)), data(1, 'x')], heard: ['head 1 204', ...malformed] },
  {
    title: 'a body shorter than content-length',
    in: [headers(1, status(200, ['content-length', '3'])), data(1, 'ab', true)],
    heard: ['head 1 200', ...malformed],
  },
  {
    title: 'no body although content-length promises one',
    in: [headers(1, status(200, ['content-length', '3']), true)],
    heard: malformed,
  },
  { title: 'two final heads', in: [headers(1, OK), headers(1, OK)], heard: ['head 1 200', ...malformed] },
  { title: 'a head without status', in: [headers(1, [['x', 'y']])], heard: malformed },
  {
    title: 'NO_ERROR before the end, which is never a clean end',
    in: [headers(1, OK), data(1, 'ab'), reset(1, 0)],
    heard: ['head 1 200', 'data 1 "ab"', 'reset 1 NO_ERROR', 'idle'],
  },
  {
    title: 'REFUSED_STREAM: the request may be sent again',
    in: [reset(1, 7)],
    heard: ['reset 1 REFUSED_STREAM unprocessed', 'idle'],
  },
  { title: 'any other reset: it may not', in: [reset(1, 2)], heard: ['reset 1 INTERNAL_ERROR', 'idle'] },
];

for (const one of [...GOOD, ...BAD]) {
  t.test(one.title, (t) => {
    const rig = createClient();
    const fields = one.request ?? GET;
    request(rig, fields, fields !== POST && fields !== CONNECT);
    rig.feed(...one.in);
    t.same(rig.heard(), one.heard);
    if (one.heard.includes('reset 1 NO_ERROR')) t.equal(rig.stream(1).remoteEnded, one.title.startsWith('an early'));
    t.end();
  });
}

for (const [title, ...frames] of [
  ['opens a stream', headers(2, OK)],
  ['answers a request that was never made', headers(1, OK)],
  ['promises a push', Buffer.from([0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2])],
  ['enables push', settings([2, 1])],
] as const) {
  t.test(`a server that ${title} loses the connection`, (t) => {
    const rig = createClient();
    rig.feed(...frames);
    t.same(rig.frames(), ['GOAWAY 0 PROTOCOL_ERROR']);
    t.end();
  });
}
