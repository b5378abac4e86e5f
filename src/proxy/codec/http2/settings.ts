/** SETTINGS (RFC 9113 6.5): what the peer says, checked, and what we say. Pure. */
import { FLOW_CONTROL_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { INITIAL_WINDOW, LEAST_MAX_FRAME, MAX_31_BIT, readUint16, readUint32, writeUint32 } from './frames.ts';
import type { Http2Config } from './http2-config.ts';
import type { Role } from './session-types.ts';

const HEADER_TABLE_SIZE = 0x1;
const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const MAX_HEADER_LIST_SIZE = 0x6;

export const SETTING_BYTES = 6;
/** Most that `writeSettings` writes. */
export const OUR_SETTINGS_BYTES = 6 * SETTING_BYTES;
/** Largest frames that we send, whatever more the peer would take: streams alternate by frames. */
const LARGEST_SENT_FRAME = 16_384;
const DEFAULT_TABLE = 4096;
/** What may be opened before the peer has said how much: the least that RFC 9113 6.5.2 recommends to allow. */
const STREAMS_BEFORE_SETTINGS = 100;

/** What the peer said last, or the defaults. */
export class PeerSettings {
  headerTable = DEFAULT_TABLE;
  maxStreams = STREAMS_BEFORE_SETTINGS;
  initialWindow = INITIAL_WINDOW;
  maxFrame = LEAST_MAX_FRAME;
  /** Its first SETTINGS came. */
  heard = false;
  /** After a false `apply`. */
  error = 0;
  sentence = '';

  /**
   * Takes a whole SETTINGS payload, in order; unknown settings are ignored.
   * @returns false at the first bad value: see `error`
   */
  apply(bytes: Uint8Array, at: number, length: number, from: 'client' | 'server'): boolean {
    // Saying nothing in the first SETTINGS means that there is no limit.
    if (!this.heard) this.maxStreams = MAX_31_BIT;
    this.heard = true;
    for (let i = at; i < at + length; i += SETTING_BYTES) {
      if (!this.#set(readUint16(bytes, i), readUint32(bytes, i + 2), from)) return false;
    }
    return true;
  }

  #set(id: number, value: number, from: 'client' | 'server'): boolean {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTable = value;
        return true;
      case ENABLE_PUSH:
        // A server never enables it (6.5.2).
        return value <= (from === 'client' ? 1 : 0) || this.#refuse(PROTOCOL_ERROR, 'ENABLE_PUSH', value);
      case MAX_CONCURRENT_STREAMS:
        this.maxStreams = value;
        return true;
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BIT) return this.#refuse(FLOW_CONTROL_ERROR, 'INITIAL_WINDOW_SIZE', value);
        this.initialWindow = value;
        return true;
      case MAX_FRAME_SIZE:
        if (value < LEAST_MAX_FRAME || value > 0xff_ffff) return this.#refuse(PROTOCOL_ERROR, 'MAX_FRAME_SIZE', value);
        this.maxFrame = Math.min(value, LARGEST_SENT_FRAME);
        return true;
      default:
        // Unknown, or MAX_HEADER_LIST_SIZE, which is advice: the peer itself refuses what is too large for it.
        return true;
    }
  }

  #refuse(error: number, name: string, value: number): false {
    this.error = error;
    this.sentence = `the peer set SETTINGS_${name} to ${value}`;
    return false;
  }
}

/** Writes the payload of our SETTINGS; defaults are not written. Returns its length. */
export function writeSettings(bytes: Uint8Array, at: number, role: Role, config: Http2Config): number {
  const { headerTableBytes, maxConcurrentStreams, initialStreamWindow, maxFrameBytes, maxHeaderListBytes } = config;
  let to = at;
  const put = (id: number, value: number): void => {
    bytes[to] = 0;
    bytes[to + 1] = id;
    writeUint32(bytes, to + 2, value);
    to += SETTING_BYTES;
  };
  if (headerTableBytes !== DEFAULT_TABLE) put(HEADER_TABLE_SIZE, headerTableBytes);
  if (role === 'client') put(ENABLE_PUSH, 0);
  else put(MAX_CONCURRENT_STREAMS, maxConcurrentStreams);
  if (initialStreamWindow !== INITIAL_WINDOW) put(INITIAL_WINDOW_SIZE, initialStreamWindow);
  if (maxFrameBytes !== LEAST_MAX_FRAME) put(MAX_FRAME_SIZE, maxFrameBytes);
  put(MAX_HEADER_LIST_SIZE, maxHeaderListBytes);
  return to - at;
}
