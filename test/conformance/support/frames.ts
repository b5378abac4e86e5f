/** HTTP/2 frames written and read byte by byte (RFC 9113 4 and 6), with no help and no checks: tests break rules on purpose. */

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;

/** RFC 9113 7. */
export const CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** RFC 9113 6.5.2. */
export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function settingsFrame(pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return frame(TYPE.SETTINGS, 0, 0, payload);
}

export function dataFrame(stream: number, payload: Buffer | string, end: boolean): Buffer {
  return frame(TYPE.DATA, end ? END_STREAM : 0, stream, Buffer.from(payload));
}

export function headersFrame(stream: number, block: Buffer, end: boolean): Buffer {
  return frame(TYPE.HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block);
}

export function resetFrame(stream: number, code: number): Buffer {
  return frame(TYPE.RST_STREAM, 0, stream, number32(code));
}

export function windowFrame(stream: number, increment: number): Buffer {
  return frame(TYPE.WINDOW_UPDATE, 0, stream, number32(increment));
}

export function pingFrame(text = '01234567'): Buffer {
  return frame(TYPE.PING, 0, 0, Buffer.from(text, 'latin1'));
}

export function goawayFrame(lastStream: number, code: number): Buffer {
  return frame(TYPE.GOAWAY, 0, 0, Buffer.concat([number32(lastStream), number32(code)]));
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest: Buffer = NOTHING;

  push(bytes: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    for (;;) {
      const length = this.#rest.length < HEAD_BYTES ? 0 : this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < HEAD_BYTES + length) return frames;
      frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length),
      });
      this.#rest = this.#rest.subarray(HEAD_BYTES + length);
    }
  }
}
