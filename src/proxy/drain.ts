/** Draining: the next answer of every kept-alive client says `Connection: close`; one that stays idle is closed. */
import type { Context } from './context.ts';
import { Http1Connection } from './http1-connection.ts';

export function drainIdle(context: Context): void {
  context.reactor.forEachSocket((socket) => {
    if (socket.handler instanceof Http1Connection) socket.handler.drain();
  });
}
