/** An HTTP/2 server that answers every request with the length and SHA-256 of its body. Usage: node hash-server.ts PORT */
import { createHash } from 'node:crypto';
import { createServer, type ServerHttp2Stream } from 'node:http2';

const server = createServer();
server.on('stream', (stream: ServerHttp2Stream) => {
  const hash = createHash('sha256');
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  stream.on('error', () => undefined);
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end(`${bytes} ${hash.digest('hex')}`);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
