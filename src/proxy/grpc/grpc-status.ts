/** `grpc-status` and `grpc-message` (gRPC over HTTP/2, "Responses"): read from the peer's fields, written into ours. */
import { findField } from '../codec/find-field.ts';
import { isDigit } from '../codec/http1/bytes.ts';
import type { MessageHead } from '../codec/message-head.ts';

/** No such field, or nonsense in it. */
export const NO_GRPC_STATUS = -1;
/** Highest status that is defined (UNAUTHENTICATED). */
export const MAX_GRPC_STATUS = 16;

/** The status in a head or trailer section, 0 to 16, or NO_GRPC_STATUS. What a server makes up counts as UNKNOWN (2). */
export function readGrpcStatus(bytes: Uint8Array, head: MessageHead): number {
  const field = findField(bytes, head, 'grpc-status');
  if (field < 0) return NO_GRPC_STATUS;
  const at = head.valueAt[field] as number;
  const length = head.valueLength[field] as number;
  if (length === 0 || length > 2 || !isDigit(bytes[at]) || !isDigit(bytes[at + length - 1])) return 2;
  const value = length === 1 ? bytes[at] - 0x30 : (bytes[at] - 0x30) * 10 + bytes[at + 1] - 0x30;
  return value > MAX_GRPC_STATUS ? 2 : value;
}

/** Printable ASCII but `%` stays; every other byte of the UTF-8 text becomes `%XX`. */
export function encodeGrpcMessage(sentence: string): string {
  let text = '';
  for (const byte of Buffer.from(sentence, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += plain ? String.fromCharCode(byte) : `%${(0x100 + byte).toString(16).slice(1).toUpperCase()}`;
  }
  return text;
}

/** What an HTTP status means to gRPC ("HTTP to gRPC Status Code Mapping"); UNKNOWN for every other one. */
export function grpcStatusOf(httpStatus: number): number {
  return HTTP_TO_GRPC[httpStatus] ?? 2;
}

const HTTP_TO_GRPC: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
