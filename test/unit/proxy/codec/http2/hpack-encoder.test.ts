import t from 'tap';
import { HpackDecoder } from '../../../../../src/proxy/codec/http2/hpack-decoder.ts';
import { HpackEncoder, type Inserted, TOO_SMALL } from '../../../../../src/proxy/codec/http2/hpack-encoder.ts';
import { Http2Head } from '../../../../../src/proxy/codec/http2/http2-head.ts';
import { plain, ReferenceDecoder, type Representation, section } from './support/hpack-reference.ts';
import {
  area,
  bytes,
  DecoderRig,
  EncoderRig,
  http1Request,
  http1Response,
  memory,
  OUT,
  PLAN,
  ROOM,
  taken,
} from './support/hpack-rig.ts';

const REQUEST = ['GET /some/path HTTP/1.1', 'Host: a.example', 'User-Agent: test', 'X-Tenant: whale'];
const GET = [':method: GET', ':scheme: http', ':authority: a.example', ':path: /'];

function inserted(name: string, value: string): Inserted {
  return { name: new Uint8Array(Buffer.from(name)), value: new Uint8Array(Buffer.from(value)) };
}

const text = (field: { name: string; value: string }) => `${field.name}: ${field.value}`;
/** First byte of each representation, by the reference's own parse: only for sections of one-byte indexes. */
const allIndexed = (section: Buffer) => section.every((byte) => byte >= 0x80);

t.test('what repeats is indexed from the second time on, and costs a byte each from the third', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const lines = [
    ':method: GET',
    ':scheme: http',
    ':authority: a.example',
    ':path: /some/path',
    'user-agent: test',
    'x-tenant: whale',
  ];
  const sizes: number[] = [];
  for (let i = 0; i < 4; i++) {
    const section = encoder.request(http1Request(...REQUEST));
    t.strictSame(reference.decode(section).map(text), lines);
    sizes.push(section.length);
    t.equal(reference.table.entries.length, i === 0 ? 0 : 4);
    if (i > 1) t.ok(allIndexed(section));
  }
  t.strictSame(sizes.slice(2), [6, 6]);
  t.ok(sizes[1] < sizes[0], 'compressed where it is written to stay');
  t.end();
});

t.test('a name whose values differ is indexed alone', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  for (let i = 0; i < 5; i++) {
    const section = encoder.request(http1Request('GET / HTTP/1.1', 'Host: a', `X-Span: ${i}`));
    t.equal(reference.decode(section).map(text).at(-1), `x-span: ${i}`);
    t.equal(reference.table.entries.filter(([name]) => name === 'x-span').length, i === 0 ? 0 : 1);
  }
  t.end();
});

t.test('lengths, dates and the like are not indexed unless the sender made use of it', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const response = ['HTTP/1.1 200 OK', 'Content-Length: 7', 'Date: Mon, 21 Oct 2013 20:13:22 GMT', 'ETag: "x"'];
  for (let i = 0; i < 4; i++) reference.decode(encoder.response(http1Response('other', ...response)));
  t.equal(reference.table.entries.length, 0);

  const rig = new DecoderRig();
  const date: Representation = { type: 'literal', mode: 'indexed', name: 33, value: 'Mon, 21 Oct 2013 20:13:22 GMT' };
  rig.decode(section({ type: 'indexed', index: 8 }, date), 'response');
  reference.decode(encoder.response(rig.head));
  t.equal(reference.table.entries.length, 0, 'once');
  rig.decode(section({ type: 'indexed', index: 8 }, { type: 'indexed', index: 62 }), 'response');
  reference.decode(encoder.response(rig.head));
  t.strictSame(reference.table.entries, [['date', 'Mon, 21 Oct 2013 20:13:22 GMT']]);
  t.ok(allIndexed(encoder.response(rig.head)));
  t.end();
});

t.test('secrets never enter the table, whoever put them into his', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const rig = new DecoderRig();
  const secrets: readonly Representation[] = ['authorization', 'cookie', 'proxy-authorization'].map((name) => ({
    type: 'literal',
    mode: 'indexed',
    name,
    value: 'secret',
  }));
  rig.decode(Buffer.concat([plain(...GET), section(...secrets)]));
  for (let i = 0; i < 4; i++) reference.decode(encoder.request(rig.head));
  t.notOk(reference.table.entries.some(([, value]) => value === 'secret'));
  for (let i = 0; i < 4; i++) {
    reference.decode(encoder.request(http1Request('GET / HTTP/1.1', 'Host: a', 'Cookie: c', 'Authorization: d')));
    reference.decode(encoder.response(http1Response('other', 'HTTP/1.1 200 OK', 'Set-Cookie: e')));
  }
  t.notOk(reference.table.entries.some(([name]) => /cookie|auth.*ion/.test(name)));
  t.end();
});

t.test('never indexed stays never indexed', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const rig = new DecoderRig();
  const never: Representation = { type: 'literal', mode: 'never', name: 'x-token', value: 'abc' };
  const known: Representation = { type: 'literal', mode: 'never', name: 19, value: '*/*' };
  const fixed: Representation = { type: 'literal', mode: 'never', name: 16, value: 'gzip, deflate' };
  for (let i = 0; i < 4; i++) {
    rig.decode(Buffer.concat([plain(...GET), section(never, known, fixed)]));
    const fields = reference.decode(encoder.request(rig.head)).slice(-3);
    t.strictSame(fields.map(text), ['x-token: abc', 'accept: */*', 'accept-encoding: gzip, deflate']);
    t.ok(fields.every((field) => field.neverIndexed));
  }
  t.notOk(reference.table.entries.some(([name]) => name === 'x-token' || name === 'accept'));
  for (let i = 0; i < 3; i++) {
    reference.decode(encoder.request(http1Request('GET / HTTP/1.1', 'Host: a', 'X-Token: abc', 'Accept: */*')));
  }
  t.ok(
    reference.table.entries.some(([name]) => name === 'x-token'),
    'another sender does not mind',
  );
  rig.decode(Buffer.concat([plain(...GET), section(never, known)]));
  const fields = reference.decode(encoder.request(rig.head)).slice(-2);
  t.ok(
    fields.every((field) => field.neverIndexed),
    'this one still does',
  );
  t.end();
});

t.test('large fields do not push out the others', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  for (let i = 0; i < 4; i++) {
    const head = http1Request(...REQUEST, `X-Large: ${'y'.repeat(1100)}`);
    t.equal(reference.decode(encoder.request(head)).at(-1)?.value.length, 1100);
  }
  t.notOk(reference.table.entries.some(([name]) => name === 'x-large'));
  t.equal(reference.table.entries.length, 4);
  t.end();
});

t.test('our own fields: the name is indexed at once, the value never again', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const id = inserted('x-request-id', '00000000');
  const sizes: number[] = [];
  for (let i = 0; i < 300; i++) {
    id.value.set(Buffer.from(String(i).padStart(8, '0')));
    const other = i % 3 === 0 ? [inserted('via', '1.1 t'), id] : [id];
    const section = encoder.request(http1Request('GET / HTTP/1.1', `Host: h${i >> 1}`), { ...PLAN, insert: other });
    const fields = reference.decode(section).map(text);
    t.equal(fields.at(-1), `x-request-id: ${String(i).padStart(8, '0')}`);
    if (i % 3 === 0) t.equal(fields.at(-2), 'via: 1.1 t');
    sizes.push(section.length);
  }
  t.equal(reference.table.entries.filter(([name]) => name === 'via').length, 0);
  t.ok(reference.table.entries.length > 60, 'it was evicted and came again');
  t.end();
});

t.test('a section that repeats is written from memory, byte for byte, with own fields behind it', (t) => {
  const rig = new DecoderRig();
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const add: Representation = { type: 'literal', mode: 'indexed', name: 'x', value: 'y' };
  rig.decode(Buffer.concat([plain(...GET), section(add)]));
  const again = Buffer.concat([plain(...GET), section({ type: 'indexed', index: 62 })]);
  const id = inserted('x-request-id', '0');
  for (let i = 0; i < 10; i++) {
    rig.decode(again);
    id.value[0] = 0x30 + i;
    const plan = i % 2 === 0 ? PLAN : { ...PLAN, insert: [id] };
    const fields = reference.decode(encoder.request(rig.head, plan)).map(text);
    t.strictSame(fields, [...GET.slice(0, 3), ':path: /', 'x: y', ...(i % 2 === 0 ? [] : [`x-request-id: ${i}`])]);
  }
  const https = reference.decode(encoder.request(rig.head, { ...PLAN, scheme: 'https' })).map(text);
  t.equal(https[1], ':scheme: https', 'another scheme is another section');
  const other = new EncoderRig();
  t.strictSame(new ReferenceDecoder().decode(other.request(rig.head)).map(text).at(-1), 'x: y', 'so is another table');
  t.equal(encoder.encoder.encodeRequest(rig.head, PLAN, OUT, 4), TOO_SMALL, 'and it must fit');
  t.end();
});

t.test('the table follows what the peer allows', (t) => {
  const encoder = new EncoderRig();
  const reference = new ReferenceDecoder();
  const send = () => reference.decode(encoder.request(http1Request(...REQUEST)));
  for (let i = 0; i < 3; i++) send();
  t.equal(reference.table.entries.length, 4);
  encoder.encoder.setPeerLimit(100);
  send();
  t.equal(reference.table.capacity, 100);
  t.ok(reference.table.entries.length <= 2);
  for (let i = 0; i < 3; i++) send();
  encoder.encoder.setPeerLimit(0);
  encoder.encoder.setPeerLimit(4096);
  const both = encoder.request(http1Request(...REQUEST));
  t.strictSame([...both.subarray(0, 4)], [0x20, 0x3f, 0xe1, 0x1f], 'the smallest first, then the last');
  reference.decode(both);
  for (let i = 0; i < 3; i++) send();
  t.equal(reference.table.entries.length, 4);
  encoder.encoder.setPeerLimit(1 << 20);
  t.equal(encoder.request(http1Request(...REQUEST))[0] & 0xe0, 0x80, 'more than we want is nothing new');
  t.end();
});

t.test('no table at all', (t) => {
  const encoder = new EncoderRig(0);
  const reference = new ReferenceDecoder();
  const id = inserted('x-request-id', 'abc');
  for (let i = 0; i < 4; i++) {
    const section = encoder.request(http1Request(...REQUEST), { ...PLAN, insert: [id] });
    if (i === 0) t.equal(section[0], 0x20, 'which is announced');
    t.equal(reference.decode(section).length, 7);
  }
  t.equal(reference.table.entries.length, 0);
  const peer = new EncoderRig();
  peer.encoder.setPeerLimit(0);
  for (let i = 0; i < 4; i++) reference.decode(peer.request(http1Request(...REQUEST)));
  t.equal(reference.table.entries.length, 0);
  t.end();
});

t.test('what may not fit is not begun', (t) => {
  const reference = new ReferenceDecoder();
  const encoder = new HpackEncoder(memory);
  encoder.setPeerLimit(512);
  const head = http1Request(...REQUEST);
  bytes.fill(0x2e, OUT, OUT + 1000);
  t.equal(encoder.encodeRequest(head, PLAN, OUT, 100), TOO_SMALL);
  t.equal(bytes.toString('latin1', OUT, OUT + 1000), '.'.repeat(1000));
  const length = encoder.encodeRequest(head, PLAN, OUT, 400);
  reference.decode(taken(length));
  t.equal(reference.table.capacity, 512, 'the size update was still due');
  t.equal(encoder.encodeOwn(200, [inserted('a', 'b'.repeat(100))], OUT, 100), TOO_SMALL);
  t.equal(encoder.encodeTrailers(head, OUT, 50), TOO_SMALL);
  t.end();
});

t.test('heads of our own', (t) => {
  const encoder = new HpackEncoder(memory);
  const rig = new DecoderRig();
  for (const status of [200, 204, 302, 404, 431, 503]) {
    for (let i = 0; i < 3; i++) {
      const fields = [inserted('content-type', 'text/plain'), inserted('x-note', `n${i}`)];
      const section = taken(encoder.encodeOwn(status, fields, OUT, ROOM));
      t.strictSame(rig.decode(section, 'response'), [
        `:status: ${status}`,
        'content-type: text/plain',
        `x-note: n${i}`,
      ]);
    }
  }
  const trailers = taken(encoder.encodeOwn(0, [inserted('grpc-status', '14')], OUT, ROOM));
  t.strictSame(rig.decode(trailers, 'trailers'), ['grpc-status: 14']);
  t.end();
});

t.test('many connections at once, each with its own tables', (t) => {
  const pairs = Array.from({ length: 20 }, () => ({ encoder: new EncoderRig(), decoder: new HpackDecoder(area) }));
  const head = new Http2Head(50);
  const source = new DecoderRig();
  source.decode(Buffer.concat([plain(...GET), section({ type: 'literal', mode: 'indexed', name: 'n', value: '0' })]));
  for (let round = 0; round < 50; round++) {
    const value = `${round % 7}`;
    const parts: Representation[] =
      round % 5 === 0
        ? [{ type: 'literal', mode: 'indexed', name: 'n', value }]
        : [{ type: 'indexed', index: 62 + (round % 2 === 0 ? 0 : 0) }];
    const lines = source.decode(Buffer.concat([plain(...GET), section(...parts)]));
    const kept = new Http2Head(50);
    kept.assign(source.head);
    for (const { encoder, decoder } of pairs) {
      const section = encoder.request(kept);
      section.copy(bytes, OUT);
      t.equal(decoder.decode(OUT, section.length, 'request', head), 0);
      t.equal(
        bytes.toString('latin1', head.valueAt[0], head.valueAt[0] + head.valueLength[0]),
        (lines as string[]).at(-1)?.slice(3),
      );
    }
  }
  t.end();
});
