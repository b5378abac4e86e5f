/**
 * A server in a thread of its own that answers at once and closes connections that are not in use, by FIN or RST, at random moments. It
 * counts how often it has served each request. Data given at the start: `maxIdleMs`. Posts its port, and on any message its counts.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { maxIdleMs } = workerData as { maxIdleMs: number };
const served = new Map<string, number>();
let closed = 0;

/** Reads requests with a Content-Length or none. */
function serve(socket: Socket): void {
  let have = '';
  let timer: NodeJS.Timeout | undefined;
  const closeSoon = (): void => {
    timer = setTimeout(() => {
      closed++;
      if (closed % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }, Math.random() * maxIdleMs);
  };
  socket.on('error', () => {});
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (chunk) => {
    clearTimeout(timer);
    have += chunk.toString('latin1');
    for (let end = have.indexOf('\r\n\r\n'); end >= 0; end = have.indexOf('\r\n\r\n')) {
      const head = have.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (have.length < end + 4 + length) return;
      have = have.slice(end + 4 + length);
      const id = head.split(' ')[1] ?? '';
      served.set(id, (served.get(id) ?? 0) + 1);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${id.length}\r\n\r\n${id}`);
    }
    closeSoon();
  });
}

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port }));
parentPort?.on('message', () => parentPort?.postMessage({ served, closed }));
