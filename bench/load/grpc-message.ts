/** One message of the bench's gRPC service as it stands in a request body. Pure. */

export const UNARY_PATH = '/towpath.bench.Echo/Unary';

/**
 * A google.protobuf.BytesValue with that many bytes (field 1, length-delimited) behind gRPC's prefix of a compression flag and a length
 * (gRPC over HTTP/2, "Length-Prefixed-Message").
 */
export function grpcMessage(size: number): Buffer {
  const field = Buffer.from([0x0a, ...varint(size)]);
  const message = Buffer.alloc(5 + field.length + size, 'x');
  message.writeUInt8(0, 0);
  message.writeUInt32BE(field.length + size, 1);
  field.copy(message, 5);
  return message;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
