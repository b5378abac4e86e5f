/** Run inside a host: an HTTP server on raw sockets that does to each path what its name says. */
import { createServer, type Socket } from 'node:net';

const later = (ms: number, then: () => void): void => void setTimeout(then, ms);
const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
const CHUNKED = 'Transfer-Encoding: chunked';

const DEEDS: Readonly<Record<string, (socket: Socket) => void>> = {
  '/fin-mid-length': (s) => s.end(`${head('Content-Length: 100')}only this`),
  '/rst-mid-length': (s) =>
    s.write(`${head('Content-Length: 100')}only this`, () => later(50, () => s.resetAndDestroy())),
  '/fin-mid-chunked': (s) => s.end(`${head(CHUNKED)}5\r\nhello\r\n`),
  '/rst-mid-chunked': (s) => s.write(`${head(CHUNKED)}5\r\nhello\r\n`, () => later(50, () => s.resetAndDestroy())),
  '/until-close': (s) => s.end(`${head()}until the end`),
  '/rst-until-close': (s) => s.write(`${head()}some`, () => later(50, () => s.resetAndDestroy())),
  '/fin-at-once': (s) => s.end(),
  '/rst-at-once': (s) => s.resetAndDestroy(),
  '/fin-mid-head': (s) => s.end('HTTP/1.1 200 OK\r\nContent-Le'),
  '/not-http': (s) => s.end('220 welcome to the wrong protocol\r\n'),
  '/bad-chunk': (s) => s.end(`${head(CHUNKED)}zz\r\nhello\r\n`),
  '/two-lengths': (s) => s.end(`${head('Content-Length: 5', 'Content-Length: 6')}hello!`),
  '/early-hints': (s) =>
    s.end(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head('Content-Length: 2', 'Connection: close')}ok`),
  '/byte-by-byte': (s) => {
    const answer = `${head(CHUNKED, 'Trailer: X-Sum', 'Connection: close')}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n`;
    for (const [i, byte] of [...answer].entries()) later(i, () => s.write(byte));
    later(answer.length + 5, () => s.end());
  },
  '/slow-drip': (s) => {
    s.write(head('Content-Length: 3', 'Connection: close'));
    for (const i of [0, 1, 2]) later(100 * (i + 1), () => s.write(String(i)));
    later(400, () => s.end());
  },
  '/early-answer': (s) => s.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n`),
  '/empty-204': (s) => s.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'),
};

createServer({ allowHalfOpen: true }, (socket) => {
  let bytes = '';
  let done = false;
  socket.on('error', () => undefined);
  socket.on('end', () => later(500, () => socket.destroy()));
  socket.setEncoding('latin1').on('data', (text: string) => {
    if (done) return;
    bytes += text;
    const path = /^\S+ (\S+) HTTP\/1/.exec(bytes)?.[1];
    if (path === undefined || !bytes.includes('\r\n\r\n')) return;
    done = true;
    (DEEDS[path] ?? ((s: Socket) => s.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')))(socket);
  });
}).listen(Number(process.argv[2]), '::');
