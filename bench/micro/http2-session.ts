/**
 * Two sessions back to back, as the proxy has them, without sockets: 16 requests at a time come in as frames, leave as frames of
 * the other session, and their answers (200 bytes) come back. Prints ns of CPU per request for the whole way, both heads and
 * bodies included. Run: scripts/with-node.sh bench/micro/http2-session.ts [seconds]
 */
import * as f from '../../src/proxy/codec/http2/frames.ts';
import { HEAD_AREA_BYTES, HeadArea } from '../../src/proxy/codec/http2/hpack-area.ts';
import { DEFAULT_HTTP2_CONFIG } from '../../src/proxy/codec/http2/http2-config.ts';
import { Http2Head } from '../../src/proxy/codec/http2/http2-head.ts';
import type { Http2Stream, StreamUser } from '../../src/proxy/codec/http2/http2-stream.ts';
import { Http2Session } from '../../src/proxy/codec/http2/session.ts';
import type { SessionEvents, SessionMemory, SessionOutput } from '../../src/proxy/codec/http2/session-types.ts';
import { Slab } from '../../src/reactor/slab.ts';

const STREAMS = 16;
const BODY = 200;
const SLAB = 16 << 20;
const PLAN = { edits: null, insert: [], scheme: 'received' } as const;

const slab = new Slab(new ArrayBuffer(SLAB + HEAD_AREA_BYTES), 0, SLAB);
const memory: SessionMemory = {
  slab,
  head: new Http2Head(200),
  headArea: new HeadArea(slab, slab.end, HEAD_AREA_BYTES),
};

class Wire implements SessionOutput {
  bytes = 0;
  writes = 0;
  flushDue = false;
  write(_at: number, length: number): boolean {
    this.bytes += length;
    this.writes++;
    return true;
  }
  requestFlush(): void {
    this.flushDue = true;
  }
  setReading(): void {}
}

/** What the proxy does with an exchange, and nothing else. */
class Exchange {
  readonly down: StreamUser;
  readonly up: StreamUser;

  constructor(downstream: Http2Stream, head: Http2Head, end: boolean) {
    let upstream: Http2Stream | null = null;
    this.down = {
      onHead: () => {},
      onData: (at, length, last) => {
        if (upstream?.sendData(at, length, last)) downstream.consumed(length);
      },
      onTrailers: (trailers) => upstream?.sendTrailers(trailers),
      onReset: () => upstream?.reset(8),
      onWritable: () => {},
    };
    this.up = {
      onHead: (answer, last) => void downstream.sendHead(answer, PLAN, last),
      onData: (at, length, last) => {
        if (downstream.sendData(at, length, last)) upstream?.consumed(length);
      },
      onTrailers: (trailers) => downstream.sendTrailers(trailers),
      onReset: () => downstream.reset(8),
      onWritable: () => {},
    };
    downstream.user = this.down;
    upstream = client.openStream(this.up);
    if (upstream === null) throw new Error('no capacity');
    upstream.sendHead(head, PLAN, end);
  }
}

const noEvents: SessionEvents = {
  onRequest: () => {},
  onRefused: (_, sentence) => {
    throw new Error(sentence);
  },
  onCapacity: () => {},
  onGoaway: () => {},
  onIdle: () => {},
  onFatal: (_, sentence) => {
    throw new Error(sentence);
  },
};
const clientWire = new Wire();
const serverWire = new Wire();
const client = new Http2Session('client', DEFAULT_HTTP2_CONFIG, memory, clientWire, noEvents);
const server = new Http2Session('server', DEFAULT_HTTP2_CONFIG, memory, serverWire, {
  ...noEvents,
  onRequest: (stream, head, end) => void new Exchange(stream, head, end),
});

function frame(type: number, flags: number, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(f.FRAME_HEADER + payload.length);
  f.writeFrameHeader(out, 0, payload.length, type, flags, 0);
  out.set(payload, f.FRAME_HEADER);
  return out;
}

/** Literals that enter the table (RFC 7541 6.2.1). */
function literals(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (s: string): Buffer => Buffer.concat([Buffer.of(s.length), Buffer.from(s, 'latin1')]);
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0x40), text(name), text(value)]));
}

const WHOLE = f.FLAG_END_HEADERS;
const first = Buffer.concat([
  Buffer.of(0x82, 0x86),
  literals([
    [':path', '/index.html?x=1'],
    [':authority', 'orders.shop.svc:8080'],
    ['user-agent', 'h2load nghttp2/1.52.0'],
  ]),
]);
const later = Buffer.of(0x82, 0x86, 0xc0, 0xbf, 0xbe);
const firstAnswer = Buffer.concat([
  Buffer.of(0x88),
  literals([
    ['server', 'nginx/1.22.1'],
    ['content-type', 'text/plain'],
    ['content-length', String(BODY)],
    ['date', 'Sun, 22 Nov 2026 23:00:00 GMT'],
  ]),
]);
const laterAnswer = Buffer.of(0x88, 0xc1, 0xc0, 0xbf, 0xbe);

const request = frame(f.HEADERS, WHOLE | f.FLAG_END_STREAM, later);
const answer = Buffer.concat([
  frame(f.HEADERS, WHOLE, laterAnswer),
  frame(f.DATA, f.FLAG_END_STREAM, Buffer.alloc(BODY, 'x')),
]);
const answerData = f.FRAME_HEADER + laterAnswer.length;

function feed(session: Http2Session, bytes: Uint8Array): void {
  slab.bytes.set(bytes, slab.receiveArea);
  session.receive(slab.receiveArea, bytes.length);
}

function flush(): void {
  if (clientWire.flushDue) {
    clientWire.flushDue = false;
    client.flush();
  }
  if (serverWire.flushDue) {
    serverWire.flushDue = false;
    server.flush();
  }
}

let nextId = 1;
const requests = Buffer.alloc(STREAMS * request.length);
const answers = Buffer.alloc(STREAMS * answer.length);

/** One turn of the proxy for the requests, one for the answers. */
function round(): void {
  for (let i = 0; i < STREAMS; i++) {
    const id = nextId + 2 * i;
    request.copy(requests, i * request.length);
    f.writeUint32(requests, i * request.length + 5, id);
    answer.copy(answers, i * answer.length);
    f.writeUint32(answers, i * answer.length + 5, id);
    f.writeUint32(answers, i * answer.length + answerData + 5, id);
  }
  nextId += 2 * STREAMS;
  feed(server, requests);
  flush();
  feed(client, answers);
  flush();
}

const settings = frame(f.SETTINGS, 0, Buffer.alloc(0));
const wide = frame(f.WINDOW_UPDATE, 0, Buffer.of(0x3f, 0, 0, 0));
client.start(0);
server.start(0);
flush();
feed(server, Buffer.concat([f.PREFACE, settings, wide]));
feed(client, Buffer.concat([settings, wide]));
const opening = frame(f.HEADERS, WHOLE | f.FLAG_END_STREAM, first);
f.writeUint32(opening, 5, 1);
feed(server, opening);
const answering = frame(
  f.HEADERS,
  WHOLE | f.FLAG_END_STREAM,
  Buffer.concat([firstAnswer.subarray(0, 1), firstAnswer.subarray(1)]),
);
f.writeUint32(answering, 5, 1);
// content-length belongs to a body: the first answer goes without its END_STREAM, then the body.
answering[4] = WHOLE;
const body = frame(f.DATA, f.FLAG_END_STREAM, Buffer.alloc(BODY));
f.writeUint32(body, 5, 1);
feed(client, Buffer.concat([answering, body]));
nextId = 3;
flush();

const seconds = Number(process.argv[2] ?? 2);
let best = Number.POSITIVE_INFINITY;
for (let slice = 0; slice < 5; slice++) {
  const before = process.cpuUsage();
  const until = performance.now() + (1000 * seconds) / 5;
  let rounds = 0;
  while (performance.now() < until) {
    for (let i = 0; i < 50; i++) round();
    rounds += 50;
    client.tick(performance.now());
    server.tick(performance.now());
    feed(server, frame(f.WINDOW_UPDATE, 0, Buffer.of(0, 0x02, 0x71, 0)));
  }
  const used = process.cpuUsage(before);
  const perRequest = ((used.user + used.system) * 1000) / (rounds * STREAMS);
  best = Math.min(best, perRequest);
  console.log(`${perRequest.toFixed(0)} ns per request (${rounds * STREAMS} requests)`);
}
console.log(
  `best ${best.toFixed(0)} ns; ${clientWire.bytes + serverWire.bytes} bytes in ${clientWire.writes + serverWire.writes} writes; ${slab.chunksInUse} chunks in use`,
);
