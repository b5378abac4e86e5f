/** The end of a client connection: how its descriptor is closed, and what its record says of bytes. */
import type { Reactor } from '../reactor/reactor.ts';
import type { Socket } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';

/**
 * FIN after what was written, or RST when the peer must not take a cut answer for a whole one.
 * @param gently the client may still be sending: what it sends is let through into the void for a moment
 */
export function endClient(
  reactor: Reactor,
  socket: Socket,
  record: ConnectionRecord,
  ending: Ending,
  gently: boolean,
): void {
  const cut = ending === 'reset' || ending === 'unreachable';
  record.bytesFromClient = socket.bytesRead;
  record.bytesToClient = socket.bytesWritten + (cut ? 0 : socket.pendingBytes);
  if (cut) reactor.reset(socket);
  else if (gently) reactor.closeGently(socket);
  else reactor.close(socket);
  record.close(ending);
}
