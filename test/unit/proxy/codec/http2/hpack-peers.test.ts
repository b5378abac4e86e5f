/** nghttp2, inside node:http2, as the other end of both directions, with tables of all sizes. Frames are made and read here. */
import { once } from 'node:events';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import t from 'tap';
import { HpackDecoder } from '../../../../../src/proxy/codec/http2/hpack-decoder.ts';
import { HpackEncoder } from '../../../../../src/proxy/codec/http2/hpack-encoder.ts';
import { type HeadKind, Http2Head } from '../../../../../src/proxy/codec/http2/http2-head.ts';
import { area, bytes, http1Request, http1Response, IN, linesOf, memory, OUT, PLAN, ROOM } from './support/hpack-rig.ts';

const HEADERS = 1;
const SETTINGS = 4;
const CONTINUATION = 9;
const TABLE_SIZE = 1;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** One connection that speaks just enough HTTP/2 to exchange heads, with our HPACK. */
class RawPeer {
  readonly encoder = new HpackEncoder(memory);
  readonly decoder = new HpackDecoder(area, { listBytes: 65_536, tableBytes: 65_536 });
  readonly #socket: Socket;
  readonly #kind: HeadKind;
  readonly #onHead: (stream: number, lines: string[]) => void;
  readonly #tableSize: number;
  readonly #head = new Http2Head(200);
  #input = Buffer.alloc(0);
  #section = Buffer.alloc(0);

  constructor(socket: Socket, kind: HeadKind, tableSize: number, onHead: (stream: number, lines: string[]) => void) {
    this.#socket = socket;
    this.#kind = kind;
    this.#onHead = onHead;
    this.#tableSize = tableSize;
    if (kind === 'response') socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(TABLE_SIZE, 0);
    settings.writeUInt32BE(tableSize, 2);
    socket.write(frame(SETTINGS, 0, 0, settings));
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => this.#receive(data));
  }

  sendHead(stream: number, lines: readonly string[], end: boolean): void {
    const length =
      this.#kind === 'response'
        ? this.encoder.encodeRequest(http1Request(...lines), PLAN, OUT, ROOM)
        : this.encoder.encodeResponse(http1Response('other', ...lines), PLAN, OUT, ROOM);
    this.#socket.write(frame(HEADERS, (end ? 1 : 0) | 4, stream, Buffer.from(bytes.subarray(OUT, OUT + length))));
  }

  #receive(data: Buffer): void {
    this.#input = Buffer.concat([this.#input, data]);
    if (this.#kind === 'request' && this.#input.subarray(0, 3).equals(Buffer.from('PRI'))) {
      if (this.#input.length < 24) return;
      this.#input = this.#input.subarray(24);
    }
    while (this.#input.length >= 9) {
      const length = this.#input.readUIntBE(0, 3);
      if (this.#input.length < 9 + length) return;
      const [type, flags, stream] = [this.#input[3], this.#input[4], this.#input.readUInt32BE(5)];
      const payload = this.#input.subarray(9, 9 + length);
      this.#input = this.#input.subarray(9 + length);
      this.#onFrame(type, flags, stream, payload);
    }
  }

  #onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === SETTINGS && (flags & 1) === 1) return this.decoder.setCapacityLimit(this.#tableSize);
    if (type === SETTINGS) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === TABLE_SIZE) this.encoder.setPeerLimit(payload.readUInt32BE(at + 2));
      }
      this.#socket.write(frame(SETTINGS, 1, 0, Buffer.alloc(0)));
    }
    if (type !== HEADERS && type !== CONTINUATION) return;
    const priority = type === HEADERS && (flags & 0x20) !== 0 ? 5 : 0;
    this.#section = Buffer.concat([this.#section, payload.subarray(priority)]);
    if ((flags & 4) === 0) return;
    this.#section.copy(bytes, IN);
    const result = this.decoder.decode(IN, this.#section.length, this.#kind, this.#head);
    this.#section = Buffer.alloc(0);
    this.#onHead(stream, result === 0 ? linesOf(this.#head) : [`${result}: ${this.decoder.reason}`]);
  }
}

/** Field lines of the round-th message: some constant, some that come and go, some that always differ. */
function fields(round: number): string[] {
  const lines = ['user-agent: test/1.0', 'accept: */*', `x-cycle: ${'abcdefghij'.slice(round % 7)}`];
  if (round % 3 === 0) lines.push(`x-once: ${round}-${'z'.repeat(round % 40)}`);
  if (round % 5 === 0) lines.push('authorization: Bearer secret', `cookie: a=${round % 2}`);
  if (round % 11 === 0) lines.push(`x-long: ${'\u00e9{"key": \\}'.repeat(100)}`);
  for (let i = 0; i < round % 13; i++) lines.push(`x-many-${i}: ${round % 4}`);
  return lines;
}

const ROUNDS = 150;
const SIZES = [0, 64, 300, 4096, 65_536];

async function listening(server: Http2Server | Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function pairs(raw: readonly string[]): string[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));
}

for (const [i, theirs] of SIZES.entries()) {
  const ours = SIZES[SIZES.length - 1 - i];
  t.test(`we to a server: its table ${theirs}, ours ${ours}`, async (t) => {
    const seen: string[][] = [];
    const server = createHttp2Server({ settings: { headerTableSize: theirs } });
    server.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw: string[]) => {
      seen.push(pairs(raw));
      const answer: Record<string, string | number> = { ':status': 200 + (seen.length % 3) };
      for (const line of fields(seen.length))
        answer[line.slice(0, line.indexOf(':'))] = line.slice(line.indexOf(':') + 2);
      stream.respond(answer, { endStream: true });
    });
    const port = await listening(server);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    let answered = Promise.withResolvers<string[]>();
    const peer = new RawPeer(socket, 'response', ours, (_stream, head) => answered.resolve(head));
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = fields(round);
      answered = Promise.withResolvers<string[]>();
      peer.sendHead(round * 2 - 1, [`GET /p/${round % 3} HTTP/1.1`, 'Host: a.example', ...lines], true);
      const head = await answered.promise;
      const request = [':method: GET', ':scheme: http', ':authority: a.example', `:path: /p/${round % 3}`, ...lines];
      t.strictSame(seen.at(-1), request, `request ${round}`);
      const response = [`:status: ${200 + (round % 3)}`, ...lines];
      const got = head.map((line) => line.replace(/^!/, '')).filter((line) => !line.startsWith('date:'));
      t.strictSame(got, response, `response ${round}`);
    }
    socket.destroy();
    server.close();
  });

  t.test(`a client to us: its table ${theirs}, ours ${ours}`, async (t) => {
    const seen: string[][] = [];
    const server = createServer((socket) => {
      const peer = new RawPeer(socket, 'request', ours, (stream, head) => {
        seen.push(head);
        peer.sendHead(stream, ['HTTP/1.1 404 No', ...fields(seen.length)], true);
      });
    });
    const port = await listening(server);
    const client = connectHttp2(`http://127.0.0.1:${port}`, { settings: { headerTableSize: theirs } });
    client.on('error', () => {});
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = fields(round);
      const headers: Record<string, string> = { ':path': `/p/${round % 3}` };
      for (const line of lines) headers[line.slice(0, line.indexOf(':'))] = line.slice(line.indexOf(':') + 2);
      const request = client.request(headers, { endStream: true });
      const [, , raw] = (await once(request, 'response')) as [unknown, unknown, string[]];
      t.strictSame(pairs(raw), [':status: 404', ...lines], `response ${round}`);
      const got = (seen.at(-1) ?? []).map((line) => line.replace(/^!/, ''));
      const expected = [':method: GET', ':scheme: http', `:authority: 127.0.0.1:${port}`, `:path: /p/${round % 3}`];
      t.strictSame(got, [...expected, ...lines], `request ${round}`);
    }
    client.destroy();
    server.close();
  });
}
