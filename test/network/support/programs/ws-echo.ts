/** Run inside a host: a WebSocket server (RFC 6455) on its own framing that sends every message back as it came. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE_CLOSE = 8;

/** One whole frame at the start of `bytes`, unmasked; null while it is incomplete. */
function readFrame(
  bytes: Buffer,
): { readonly first: number; readonly payload: Buffer; readonly length: number } | null {
  if (bytes.length < 2) return null;
  const short = bytes.readUInt8(1) & 0x7f;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < at) return null;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const length = at + 4 + size;
  if (bytes.length < length) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, length));
  for (let i = 0; i < size; i++) payload[i] = payload.readUInt8(i) ^ mask.readUInt8(i & 3);
  return { first: bytes.readUInt8(0), payload, length };
}

function writeFrame(socket: Duplex, first: number, payload: Buffer): void {
  const header = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  header.writeUInt8(first, 0);
  header.writeUInt8(payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127, 1);
  if (header.length === 4) header.writeUInt16BE(payload.length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(payload.length), 2);
  socket.write(Buffer.concat([header, payload]));
}

function echo(socket: Duplex, head: Buffer): void {
  let bytes = head;
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
    for (let frame = readFrame(bytes); frame !== null; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.length);
      writeFrame(socket, frame.first, frame.payload);
      if ((frame.first & 15) === OPCODE_CLOSE) socket.end();
    }
  });
}

createServer((_, response) => response.writeHead(426, { upgrade: 'websocket' }).end())
  .on('upgrade', (request, socket, head) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    echo(socket, head);
  })
  .listen(Number(process.argv[2]), '::');
