/** Draining: idle kept-alive clients are told goodbye at once; busy ones finish and get `Connection: close`. */
import type { Context } from './context.ts';
import { Http1Connection } from './http1-connection.ts';

export function drainIdle(context: Context): void {
  context.reactor.forEachSocket((socket) => {
    if (socket.handler instanceof Http1Connection) socket.handler.closeIfIdle();
  });
}
