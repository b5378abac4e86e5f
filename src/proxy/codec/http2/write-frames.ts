/** Frames of our own other than heads and data, composed into the output. All throw SlabExhausted when there is no room. */
import {
  FLAG_ACK,
  FRAME_HEADER,
  GOAWAY,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  writeFrameHeader,
  writeUint32,
} from './frames.ts';
import type { Http2Config } from './http2-config.ts';
import type { Output } from './output.ts';
import type { Role } from './session-types.ts';
import { OUR_SETTINGS_BYTES, writeSettings } from './settings.ts';

const MAX_DEBUG_DATA = 200;

/** The client's preface, or nothing, and our SETTINGS (RFC 9113 3.4). */
export function sendPreface(output: Output, role: Role, config: Http2Config): void {
  const { bytes } = output;
  const at = output.reserve(PREFACE.length + FRAME_HEADER + OUR_SETTINGS_BYTES);
  const to = role === 'client' ? at + PREFACE.copy(bytes, at) : at;
  const length = writeSettings(bytes, to + FRAME_HEADER, role, config);
  writeFrameHeader(bytes, to, length, SETTINGS, 0, 0);
  output.commit(to - at + FRAME_HEADER + length);
}

/** Says that the peer's SETTINGS are in force (RFC 9113 6.5.3). */
export function sendSettingsAck(output: Output): void {
  writeFrameHeader(output.bytes, output.reserve(FRAME_HEADER), 0, SETTINGS, FLAG_ACK, 0);
  output.commit(FRAME_HEADER);
}

/** @param at the 8 bytes to send, in the slab */
export function sendPing(output: Output, flags: number, at: number): void {
  const to = output.reserve(FRAME_HEADER + 8);
  writeFrameHeader(output.bytes, to, 8, PING, flags, 0);
  output.bytes.copyWithin(to + FRAME_HEADER, at, at + 8);
  output.commit(FRAME_HEADER + 8);
}

/** A PING of ours whose 8 bytes are `mark` twice. */
export function sendMarkedPing(output: Output, mark: number): void {
  const to = output.reserve(FRAME_HEADER + 8);
  writeFrameHeader(output.bytes, to, 8, PING, 0, 0);
  writeUint32(output.bytes, to + FRAME_HEADER, mark);
  writeUint32(output.bytes, to + FRAME_HEADER + 4, mark);
  output.commit(FRAME_HEADER + 8);
}

/** @param code RFC 9113 7 */
export function sendReset(output: Output, streamId: number, code: number): void {
  const to = output.reserve(FRAME_HEADER + 4);
  writeFrameHeader(output.bytes, to, 4, RST_STREAM, 0, streamId);
  writeUint32(output.bytes, to + FRAME_HEADER, code);
  output.commit(FRAME_HEADER + 4);
}

/** @param streamId 0 = the connection */
export function sendWindowUpdate(output: Output, streamId: number, increment: number): void {
  const to = output.reserve(FRAME_HEADER + 4);
  writeFrameHeader(output.bytes, to, 4, WINDOW_UPDATE, 0, streamId);
  writeUint32(output.bytes, to + FRAME_HEADER, increment);
  output.commit(FRAME_HEADER + 4);
}

/** @param sentence goes along as debug data (RFC 9113 6.8) */
export function sendGoaway(output: Output, lastStreamId: number, code: number, sentence: string): void {
  const to = output.reserve(FRAME_HEADER + 8 + MAX_DEBUG_DATA);
  const debug = output.bytes.write(sentence, to + FRAME_HEADER + 8, MAX_DEBUG_DATA, 'latin1');
  writeFrameHeader(output.bytes, to, 8 + debug, GOAWAY, 0, 0);
  writeUint32(output.bytes, to + FRAME_HEADER, lastStreamId);
  writeUint32(output.bytes, to + FRAME_HEADER + 4, code);
  output.commit(FRAME_HEADER + 8 + debug);
}
