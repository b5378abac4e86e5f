/**
 * Bytes of the requests of one HTTP/1.1 connection, with their heads: what the client's socket has moved since the request before.
 * Where requests are pipelined some bytes go to their neighbour; the sum is that of the connection.
 */

/** A socket, as far as its bytes go. */
export interface Moved {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly pendingBytes: number;
}

interface Counted {
  readonly socket: Moved | null;
  countedFromClient: number;
  countedToClient: number;
}

/** Bytes read since the last call. */
export function takeRequestBytes(record: Counted): number {
  if (record.socket === null) return 0;
  const { bytesRead } = record.socket;
  const bytes = bytesRead - record.countedFromClient;
  record.countedFromClient = bytesRead;
  return bytes;
}

/** Bytes written, or about to be, since the last call. */
export function takeResponseBytes(record: Counted): number {
  if (record.socket === null) return 0;
  const { bytesWritten, pendingBytes } = record.socket;
  const total = bytesWritten + pendingBytes;
  const bytes = total - record.countedToClient;
  record.countedToClient = total;
  return bytes;
}
