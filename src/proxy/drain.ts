/**
 * Draining: the next answer of every kept-alive HTTP/1.1 client says `Connection: close`, and one that stays idle is closed; HTTP/2
 * clients get GOAWAY, and their streams finish.
 */
import type { Context } from './context.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';

export function drainIdle(context: Context): void {
  context.reactor.forEachSocket(({ handler }) => {
    if (handler instanceof Http1Connection || handler instanceof Http2Connection) handler.drain();
  });
}
