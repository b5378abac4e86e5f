import type { Server } from 'node:http';
import { UserError } from '../core/errors.ts';
import { createServer } from '../telemetry/node-http.ts';
import { chooseFormat, METRICS_CONTENT_TYPES, type MetricsFormat } from '../telemetry/render-metrics.ts';

export interface ControlPages {
  metrics(format: MetricsFormat): string;
  /** null when ready, else why not. */
  notReady(): string | null;
}

/** Metrics and health over HTTP: `/metrics`, `/healthz` (the process runs), `/readyz` (it leads or stands by, with NATS there). */
export async function serveHttp(
  http: { readonly address: string; readonly port: number },
  pages: ControlPages,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET and HEAD\n');
    if (path === '/healthz') return send(200, 'ok\n');
    if (path === '/metrics') {
      const format = chooseFormat(request.headers.accept ?? '');
      return send(200, pages.metrics(format), METRICS_CONTENT_TYPES[format]);
    }
    if (path !== '/readyz') return send(404, 'not found; try /metrics, /healthz or /readyz\n');
    const reason = pages.notReady();
    return reason === null ? send(200, 'ready\n') : send(503, `${reason}\n`);
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await listen(server, http);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : http.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { address, port }: { readonly address: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
      const inUse = cause.code === 'EADDRINUSE';
      const message = inUse
        ? `port ${port} is already in use (${where})`
        : `cannot listen on ${where}: ${cause.message}`;
      reject(new UserError({ code: 'TWP1020', message, hint: 'choose another address with --http ADDRESS:PORT' }));
    });
    server.listen(port, address, resolve);
  });
}
