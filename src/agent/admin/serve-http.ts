/** A small HTTP server with limits on everything, for the admin and the metrics port. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { UserError } from '../../core/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { createServer } from '../../telemetry/node-http.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly host: string;
  /** What the client would like to get; '' = it does not say. */
  readonly accept: string;
  /** Set by browsers on requests of web pages. */
  readonly origin: string | null;
}

export interface HttpListener {
  readonly addresses: readonly string[];
  readonly port: number;
  /** The field of the agent file, named when the port is taken: `ports.admin`. */
  readonly setting: string;
  readonly variable: string;
}

const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_HEAD_BYTES = 8_192;

/**
 * Listens on the first address that this host has (`::` is not there without IPv6; `0.0.0.0` then is).
 * @throws UserError naming the port and its setting when the port is taken.
 */
export async function serveHttp(
  listener: HttpListener,
  answer: (request: HttpRequest) => Promise<Answer>,
  logger: Logger,
): Promise<Server> {
  const server = createServer({ maxHeaderSize: MAX_HEAD_BYTES, requestTimeout: REQUEST_TIMEOUT_MS }, (req, res) => {
    req.resume();
    respond(req, res, answer).catch((error: Error) => {
      logger.error({ path: req.url, reason: error.message }, 'an admin request failed');
      if (!res.headersSent) res.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      res.end(`this request failed: ${error.message}\n`);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = IDLE_TIMEOUT_MS;
  server.setTimeout(IDLE_TIMEOUT_MS);
  for (const [i, address] of listener.addresses.entries()) {
    const error = await listen(server, address, listener.port);
    if (error === null) return server;
    const isLast = i === listener.addresses.length - 1;
    if (isLast || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code ?? ''))
      throw explain(listener, address, error);
  }
  return server;
}

/** Ends every connection; in-flight answers are small and already written. */
export function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  answer: (request: HttpRequest) => Promise<Answer>,
): Promise<void> {
  const url = URL.parse(req.url ?? '/', 'http://agent');
  const { status, contentType, body } =
    url === null
      ? { status: 400, contentType: 'text/plain; charset=utf-8', body: 'the request path cannot be read\n' }
      : await answer({
          method: req.method ?? 'GET',
          path: url.pathname,
          query: url.searchParams,
          host: req.headers.host ?? '',
          accept: req.headers.accept ?? '',
          origin: req.headers.origin ?? null,
        });
  res.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', failed);
      resolve(null);
    });
  });
}

function explain(listener: HttpListener, address: string, error: NodeJS.ErrnoException): UserError {
  const { port, setting, variable } = listener;
  const message =
    error.code === 'EADDRINUSE'
      ? `port ${port} (${setting}) is already in use by another program`
      : `cannot listen on ${address} port ${port} (${setting}): ${error.message}`;
  return new UserError({ code: 'TWP2301', message, hint: `choose another with ${setting} or ${variable}` });
}

export function textAnswer(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` };
}
