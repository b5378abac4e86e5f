/** Frames as a test writes and reads them. */
import { nameErrorCode } from '../../../../../../src/proxy/codec/http2/error-codes.ts';
import * as f from '../../../../../../src/proxy/codec/http2/frames.ts';

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1');
  const out = Buffer.alloc(f.FRAME_HEADER + body.length);
  f.writeFrameHeader(out, 0, body.length, type, flags, streamId);
  body.copy(out, f.FRAME_HEADER);
  return out;
}

export function uint32(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value, 4 * i);
  return out;
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** A field section of literals without indexing and without Huffman (RFC 7541 6.2.2): short strings only. */
export function section(fields: Fields): Buffer {
  const text = (s: string): Buffer => {
    const body = Buffer.from(s, 'latin1');
    if (body.length < 127) return Buffer.concat([Buffer.of(body.length), body]);
    const prefix = [127];
    let rest = body.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) prefix.push((rest % 128) + 128);
    return Buffer.concat([Buffer.of(...prefix, rest), body]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'shop'],
];
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];
export const OK: Fields = [[':status', '200']];

const END = f.FLAG_END_STREAM;
const WHOLE = f.FLAG_END_HEADERS;

export const settings = (...pairs: (readonly [id: number, value: number])[]): Buffer =>
  frame(
    f.SETTINGS,
    0,
    0,
    Buffer.concat(
      pairs.map(([id, value]) => {
        const out = Buffer.alloc(6);
        out.writeUInt16BE(id);
        out.writeUInt32BE(value, 2);
        return out;
      }),
    ),
  );
export const settingsAck = (): Buffer => frame(f.SETTINGS, f.FLAG_ACK, 0);
export const headers = (id: number, fields: Fields, end = false): Buffer =>
  frame(f.HEADERS, WHOLE | (end ? END : 0), id, section(fields));
export const data = (id: number, text: string | Uint8Array, end = false): Buffer =>
  frame(f.DATA, end ? END : 0, id, text);
export const paddedData = (id: number, text: string, padding: number, end = false): Buffer =>
  frame(
    f.DATA,
    f.FLAG_PADDED | (end ? END : 0),
    id,
    Buffer.concat([Buffer.of(padding), Buffer.from(text, 'latin1'), Buffer.alloc(padding)]),
  );
export const reset = (id: number, code: number): Buffer => frame(f.RST_STREAM, 0, id, uint32(code));
export const windowUpdate = (id: number, increment: number): Buffer => frame(f.WINDOW_UPDATE, 0, id, uint32(increment));
export const ping = (text = '12345678', flags = 0): Buffer => frame(f.PING, flags, 0, text);
export const goaway = (last: number, code: number): Buffer => frame(f.GOAWAY, 0, 0, uint32(last, code));
export const priority = (id: number, dependsOn: number): Buffer =>
  frame(f.PRIORITY, 0, id, Buffer.concat([uint32(dependsOn), Buffer.of(1)]));

const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
];

export interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Takes bytes apart. @throws when they are not whole frames */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const found: ReadFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = f.readUint24(bytes, at);
    const end = at + f.FRAME_HEADER + length;
    if (end > bytes.length) throw new Error(`a frame of ${length} bytes is cut off at ${bytes.length - at}`);
    found.push({
      type: bytes[at + 3],
      flags: bytes[at + 4],
      streamId: f.readUint31(bytes, at + 5),
      payload: bytes.subarray(at + f.FRAME_HEADER, end),
    });
    at = end;
  }
  return found;
}

/** A frame in a few words: `DATA 1 "abc" END`, `RST_STREAM 3 CANCEL`. */
export function describe(frame: ReadFrame): string {
  const { type, flags, streamId, payload } = frame;
  const name = `${TYPES[type] ?? `type ${type}`}${streamId === 0 ? '' : ` ${streamId}`}`;
  const ack = flags & f.FLAG_ACK ? ' ACK' : '';
  switch (type) {
    case f.DATA:
      return `${name} ${payload.length > 20 ? payload.length : `"${payload.toString('latin1')}"`}${flags & END ? ' END' : ''}`;
    case f.HEADERS:
      return `${name}${flags & WHOLE ? '' : ' ...'}${flags & END ? ' END' : ''}`;
    case f.CONTINUATION:
      return `${name}${flags & WHOLE ? '' : ' ...'}`;
    case f.RST_STREAM:
      return `${name} ${nameErrorCode(payload.readUInt32BE())}`;
    case f.WINDOW_UPDATE:
      return `${name} +${payload.readUInt32BE()}`;
    case f.GOAWAY:
      return `${name} ${payload.readUInt32BE() === f.MAX_31_BIT ? 'max' : payload.readUInt32BE()} ${nameErrorCode(payload.readUInt32BE(4))}`;
    case f.PING:
      return `${name}${ack} ${payload.toString('latin1')}`;
    default:
      return `${name}${ack}`;
  }
}
