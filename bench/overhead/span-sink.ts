/** Takes what an agent exports by OTLP over HTTP, and counts the spans: it stands for a collector. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SpanSink {
  readonly url: string;
  /** Taken since the last call. */
  take(): number;
  close(): void;
}

export async function startSpanSink(): Promise<SpanSink> {
  let spans = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans += countSpans(Buffer.concat(chunks).toString('latin1'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    take: () => {
      const taken = spans;
      spans = 0;
      return taken;
    },
    close: () => server.close(),
  };
}

/** In OTLP's JSON each span has one id, whatever else it has. */
export function countSpans(body: string): number {
  return body.split('"spanId":').length - 1;
}
