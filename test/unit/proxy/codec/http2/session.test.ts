/** What a peer may and may not send: frames in, frames and events out; each case also one byte at a time. */
import t from 'tap';
import * as f from '../../../../../src/proxy/codec/http2/frames.ts';
import {
  data,
  frame,
  GET,
  goaway,
  headers,
  POST,
  paddedData,
  ping,
  priority,
  reset,
  section,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from './support/frame-text.ts';
import { SessionRig, UNKNOWN_FRAME } from './support/session-rig.ts';

interface Case {
  readonly title: string;
  readonly in: readonly Buffer[];
  readonly frames?: readonly string[];
  readonly heard?: readonly string[];
}

const PADDED_GET = Buffer.concat([Buffer.of(3), section(GET), Buffer.alloc(3)]);
const PRIORITY_GET = Buffer.concat([uint32(0), Buffer.of(16), section(GET)]);
const half = section(GET).length >> 1;
const withLength = (length: string): (readonly [string, string])[] => [...POST, ['content-length', length]];

/** The connection fails: GOAWAY and nothing else. */
const fatal = (last: number, code: string): Pick<Case, 'frames' | 'heard'> => ({
  frames: [`GOAWAY ${last} ${code}`],
  heard: [`fatal ${code}`],
});

const GOOD: readonly Case[] = [
  { title: 'a request without body', in: [headers(1, GET, true)], heard: ['request 1 GET end'] },
  {
    title: 'a request with a body and its end in one frame',
    in: [headers(1, POST), data(1, 'hello', true)],
    heard: ['request 1 POST', 'data 1 "hello" end'],
  },
  {
    title: 'a body that ends with an empty frame',
    in: [headers(1, POST), data(1, 'hello'), data(1, '', true)],
    heard: ['request 1 POST', 'data 1 "hello"', 'data 1 "" end'],
  },
  {
    title: 'trailers',
    in: [headers(1, POST), data(1, 'x'), headers(1, [['x-sum', '1']], true)],
    heard: ['request 1 POST', 'data 1 "x"', 'trailers 1 1'],
  },
  {
    title: 'padding, of which nothing is passed on',
    in: [frame(f.HEADERS, f.FLAG_PADDED | f.FLAG_END_HEADERS, 1, PADDED_GET), paddedData(1, 'hi', 200, true)],
    heard: ['request 1 GET', 'data 1 "hi" end'],
  },
  {
    title: 'a frame that is padding only',
    in: [headers(1, POST), paddedData(1, '', 0), paddedData(1, '', 9, true)],
    heard: ['request 1 POST', 'data 1 "" end'],
  },
  {
    title: 'a priority in HEADERS and a PRIORITY frame on a stream that is idle',
    in: [priority(9, 3), frame(f.HEADERS, f.FLAG_PRIORITY | f.FLAG_END_HEADERS | f.FLAG_END_STREAM, 1, PRIORITY_GET)],
    heard: ['request 1 GET end'],
  },
  {
    title: 'a head in three frames, one of them empty',
    in: [
      frame(f.HEADERS, f.FLAG_END_STREAM, 1, section(GET).subarray(0, half)),
      frame(f.CONTINUATION, 0, 1),
      frame(f.CONTINUATION, f.FLAG_END_HEADERS, 1, section(GET).subarray(half)),
    ],
    heard: ['request 1 GET end'],
  },
  { title: 'PING', in: [ping('abcdefgh')], frames: ['PING ACK abcdefgh'] },
  { title: 'an answer to a PING that nobody sent', in: [ping('abcdefgh', f.FLAG_ACK)] },
  { title: 'unknown frames and settings', in: [UNKNOWN_FRAME, settings([0x99, 7])], frames: ['SETTINGS ACK'] },
  { title: 'a window that grows', in: [windowUpdate(0, 5)] },
  {
    title: 'content-length that is right',
    in: [headers(1, withLength('5')), data(1, 'he'), data(1, 'llo', true)],
    heard: ['request 1 POST', 'data 1 "he"', 'data 1 "llo" end'],
  },
  {
    title: 'RST_STREAM ends the stream and the session is idle',
    in: [headers(1, POST), reset(1, 8)],
    heard: ['request 1 POST', 'reset 1 CANCEL', 'idle'],
  },
  {
    title: 'frames that may cross the end of a stream',
    in: [headers(1, POST), reset(1, 8), windowUpdate(1, 10), reset(1, 8), priority(1, 0)],
    heard: ['request 1 POST', 'reset 1 CANCEL', 'idle'],
  },
  { title: 'GOAWAY of the client', in: [goaway(0, 0)], heard: ['goaway NO_ERROR'] },
];

const BAD_STREAMS: readonly Case[] = [
  {
    title: 'DATA after the end of the request',
    in: [headers(1, GET, true), data(1, 'more')],
    frames: ['RST_STREAM 1 STREAM_CLOSED'],
    heard: ['request 1 GET end', 'reset 1 STREAM_CLOSED', 'idle'],
  },
  {
    title: 'HEADERS after the end of the request',
    in: [headers(1, GET, true), headers(1, [['x', '1']], true)],
    frames: ['RST_STREAM 1 STREAM_CLOSED'],
    heard: ['request 1 GET end', 'reset 1 STREAM_CLOSED', 'idle'],
  },
  {
    title: 'a second head that ends nothing',
    in: [headers(1, POST), headers(1, [['x', '1']])],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'more bytes than content-length said',
    in: [headers(1, withLength('3')), data(1, 'four')],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'fewer bytes than content-length said',
    in: [headers(1, withLength('3')), data(1, 'ab'), data(1, '', true)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'data 1 "ab"', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'trailers before content-length is reached',
    in: [headers(1, withLength('3')), headers(1, [['x', '1']], true)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'a content-length and no body',
    in: [headers(1, withLength('3'), true)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['refused 400'],
  },
  {
    title: 'a malformed request',
    in: [headers(1, [[':method', 'GET']], true)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['refused 400'],
  },
  {
    title: 'pseudo-header fields in trailers',
    in: [headers(1, POST), headers(1, [[':method', 'GET']], true)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'a window that grows by nothing',
    in: [headers(1, POST), windowUpdate(1, 0)],
    frames: ['RST_STREAM 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'idle'],
  },
  {
    title: 'a window that grows beyond 2^31 - 1',
    in: [headers(1, POST), windowUpdate(1, f.MAX_31_BIT)],
    frames: ['RST_STREAM 1 FLOW_CONTROL_ERROR'],
    heard: ['request 1 POST', 'reset 1 FLOW_CONTROL_ERROR', 'idle'],
  },
];

const BAD_CONNECTIONS: readonly Case[] = [
  { title: 'a stream that the server would open', in: [headers(2, GET, true)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'HEADERS without a stream', in: [headers(0, GET)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'DATA without a stream', in: [data(0, 'x')], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'DATA on an idle stream', in: [data(1, 'x')], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'RST_STREAM on an idle stream', in: [reset(1, 0)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'RST_STREAM without a stream', in: [reset(0, 0)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'WINDOW_UPDATE on an idle stream', in: [windowUpdate(1, 1)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'WINDOW_UPDATE of 0', in: [windowUpdate(0, 0)], ...fatal(0, 'PROTOCOL_ERROR') },
  {
    title: 'a connection window beyond 2^31 - 1',
    in: [windowUpdate(0, f.MAX_31_BIT)],
    ...fatal(0, 'FLOW_CONTROL_ERROR'),
  },
  { title: 'a PING of 7 bytes', in: [ping('1234567')], ...fatal(0, 'FRAME_SIZE_ERROR') },
  { title: 'a PING on a stream', in: [frame(f.PING, 0, 1, '12345678')], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'SETTINGS on a stream', in: [frame(f.SETTINGS, 0, 1)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'SETTINGS of 5 bytes', in: [frame(f.SETTINGS, 0, 0, '12345')], ...fatal(0, 'FRAME_SIZE_ERROR') },
  {
    title: 'an acknowledgement with content',
    in: [frame(f.SETTINGS, f.FLAG_ACK, 0, '123456')],
    ...fatal(0, 'FRAME_SIZE_ERROR'),
  },
  { title: 'ENABLE_PUSH 2', in: [settings([2, 2])], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'INITIAL_WINDOW_SIZE 2^31', in: [settings([4, 0x8000_0000])], ...fatal(0, 'FLOW_CONTROL_ERROR') },
  { title: 'MAX_FRAME_SIZE 16383', in: [settings([5, 16_383])], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'MAX_FRAME_SIZE 2^24', in: [settings([5, 1 << 24])], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'PUSH_PROMISE', in: [frame(f.PUSH_PROMISE, 4, 1, '1234')], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'GOAWAY on a stream', in: [frame(f.GOAWAY, 0, 1, '12345678')], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'GOAWAY of 7 bytes', in: [frame(f.GOAWAY, 0, 0, '1234567')], ...fatal(0, 'FRAME_SIZE_ERROR') },
  { title: 'PRIORITY of 4 bytes', in: [frame(f.PRIORITY, 0, 1, '1234')], ...fatal(0, 'FRAME_SIZE_ERROR') },
  { title: 'a stream that depends on itself', in: [priority(1, 1)], ...fatal(0, 'PROTOCOL_ERROR') },
  { title: 'CONTINUATION of nothing', in: [frame(f.CONTINUATION, 4, 1, 'x')], ...fatal(0, 'PROTOCOL_ERROR') },
  {
    title: 'a frame between the parts of a head',
    in: [frame(f.HEADERS, 0, 1, section(GET)), ping()],
    ...fatal(0, 'PROTOCOL_ERROR'),
  },
  {
    title: 'an unknown frame between the parts of a head',
    in: [frame(f.HEADERS, 0, 1, section(GET)), UNKNOWN_FRAME],
    ...fatal(0, 'PROTOCOL_ERROR'),
  },
  {
    title: 'CONTINUATION of another stream',
    in: [frame(f.HEADERS, 0, 1, section(GET)), frame(f.CONTINUATION, 4, 3)],
    ...fatal(0, 'PROTOCOL_ERROR'),
  },
  {
    title: 'padding as long as the frame',
    in: [headers(1, POST), frame(f.DATA, f.FLAG_PADDED, 1, '\u0005abcd')],
    frames: ['GOAWAY 1 PROTOCOL_ERROR'],
    heard: ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'fatal PROTOCOL_ERROR'],
  },
  {
    title: 'padding longer than a HEADERS frame',
    in: [frame(f.HEADERS, f.FLAG_PADDED | f.FLAG_END_HEADERS, 1, '\u00ffabc')],
    ...fatal(0, 'PROTOCOL_ERROR'),
  },
  {
    title: 'HEADERS too short for its priority',
    in: [frame(f.HEADERS, f.FLAG_PRIORITY | f.FLAG_END_HEADERS, 1, 'abc')],
    ...fatal(0, 'FRAME_SIZE_ERROR'),
  },
  { title: 'a frame of 16385 bytes', in: [ping('x'.repeat(16_385))], ...fatal(0, 'FRAME_SIZE_ERROR') },
  {
    title: 'a field section that is not HPACK',
    in: [frame(f.HEADERS, f.FLAG_END_HEADERS, 1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
    ...fatal(1, 'COMPRESSION_ERROR'),
  },
  {
    title: 'a stream id that went backwards',
    in: [headers(3, GET, true), headers(1, GET, true)],
    frames: ['GOAWAY 3 STREAM_CLOSED'],
    heard: ['request 3 GET end', 'reset 3 STREAM_CLOSED', 'fatal STREAM_CLOSED'],
  },
  {
    title: 'DATA after RST_STREAM of the peer itself',
    in: [headers(1, POST), reset(1, 8), data(1, 'x')],
    frames: ['GOAWAY 1 STREAM_CLOSED'],
    heard: ['request 1 POST', 'reset 1 CANCEL', 'fatal STREAM_CLOSED'],
  },
];

for (const bytewise of [false, true]) {
  const how = bytewise ? ', byte by byte' : '';
  for (const [kind, cases] of Object.entries({ good: GOOD, 'bad stream': BAD_STREAMS, fatal: BAD_CONNECTIONS })) {
    for (const one of cases) {
      t.test(`${kind}: ${one.title}${how}`, (t) => {
        const rig = new SessionRig('server', { bytewise }).greet();
        rig.feed(...one.in);
        t.same(rig.frames(), one.frames ?? []);
        const heard = rig.heard();
        t.same(bytewise ? joined(heard) : heard, bytewise ? joined(one.heard ?? []) : (one.heard ?? []));
        t.equal(rig.session.isOver, one.heard?.some((what) => what.startsWith('fatal')) ?? false);
        rig.session.close('the test is over');
        t.equal(rig.memory.slab.chunksInUse, 0, 'no buffer is left behind');
        t.end();
      });
    }
  }
}

/** Body bytes arrive in other pieces when fed one at a time: their text is what counts. */
function joined(heard: readonly string[]): string[] {
  const all: string[] = [];
  // Between two bytes a session may be idle that is not between two frames.
  for (const what of heard.filter((one) => one !== 'idle')) {
    const piece = /^data (\d+) "(.*)"( end)?$/.exec(what);
    const before = /^data (\d+) "(.*)"$/.exec(all.at(-1) ?? '');
    if (piece?.[1] !== undefined && before?.[1] === piece[1]) {
      all[all.length - 1] = `data ${piece[1]} "${before[2]}${piece[2]}"${piece[3] ?? ''}`;
    } else all.push(what);
  }
  return all;
}

t.test('a server greets with its SETTINGS and opens the connection window', (t) => {
  const rig = new SessionRig('server');
  rig.flush();
  t.same(rig.frames(), ['SETTINGS', `WINDOW_UPDATE +${1_048_576 - 65_535}`]);
  t.equal(rig.writes, 1, 'in one write');
  t.end();
});

t.test('a client greets with the preface first', (t) => {
  const rig = new SessionRig('client');
  rig.flush();
  t.equal(rig.takeBytes().toString('latin1', 0, 24), f.PREFACE.toString('latin1'));
  t.end();
});

for (const [title, first] of [
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['the preface and then no SETTINGS', Buffer.concat([f.PREFACE, ping()])],
  ['the preface and then an acknowledgement', Buffer.concat([f.PREFACE, settingsAck()])],
  ['a preface that is wrong at the end', Buffer.concat([f.PREFACE.subarray(0, 23), Buffer.from('!')])],
] as const) {
  t.test(`a client that begins with ${title} is sent away`, (t) => {
    const rig = new SessionRig('server');
    rig.flush();
    rig.frames();
    rig.feed(first);
    t.same(rig.frames(), ['GOAWAY 0 PROTOCOL_ERROR']);
    t.same(rig.heard(), ['fatal PROTOCOL_ERROR']);
    t.end();
  });
}

t.test('bytes after the failure are not looked at, and calls do nothing', (t) => {
  const rig = new SessionRig('server').greet();
  rig.feed(headers(1, POST));
  const stream = rig.stream(1);
  rig.feed(data(0, 'x'), headers(3, GET, true));
  rig.frames();
  rig.feed(headers(5, GET, true), ping());
  stream.sendData(0, 0, true);
  stream.reset(8);
  stream.consumed(10);
  rig.session.shutdown();
  rig.session.tick(1e9);
  rig.flush();
  t.same(rig.frames(), []);
  t.same(rig.heard(), ['request 1 POST', 'reset 1 PROTOCOL_ERROR', 'fatal PROTOCOL_ERROR']);
  t.end();
});
